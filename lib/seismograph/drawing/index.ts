/** The pictures of the seismograph, drawn on anything that is a `Surface`. Runs in a browser, too. */
export type { HelicorderLayout, HelicorderView } from "./helicorder/view.ts";
export type { LiveLayout, LiveRow, LiveRowPlace, LiveView, RowScale } from "./live/view.ts";
export { PALETTES, type Palette, type Theme } from "./palette.ts";
export type { Spectrogram } from "./spectrogram/spectrogram.ts";
export type { Bitmap, Color, Rect, Surface, TextStyle } from "./surface.ts";
export { type Bins, type DrawingTexts, ENGLISH, type EventMark, type TriggerMark } from "./views.ts";
export type { Segment, ZoomLayout, ZoomView } from "./zoom/view.ts";
