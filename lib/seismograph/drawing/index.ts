/** The pictures of the seismograph, drawn on anything that is a `Surface`. Runs in a browser, too. */
export { formatAmplitude, formatValue } from "./amplitude.ts";
export { formatClock, formatDate } from "./clock.ts";
export { COMPACT_WIDTH } from "./compact.ts";
export { drawHelicorder } from "./helicorder/draw.ts";
export { layoutHelicorder } from "./helicorder/layout.ts";
export { HeldScale, helicorderScale } from "./helicorder/scale.ts";
export type { HelicorderLayout, HelicorderView } from "./helicorder/view.ts";
export { drawLive, formatSeconds } from "./live/draw.ts";
export { layoutLive } from "./live/layout.ts";
export { liveScales, type ScaleMode, stepReach } from "./live/scale.ts";
export type { LiveLayout, LiveRow, LiveRowPlace, LiveView, RowScale } from "./live/view.ts";
export { PALETTES, type Palette, type Theme } from "./palette.ts";
export { spectrogramOf } from "./spectrogram/power.ts";
export type { Spectrogram } from "./spectrogram/spectrogram.ts";
export type { Bitmap, Color, Rect, Surface, TextStyle } from "./surface.ts";
export {
  type Bins,
  type DrawingTexts,
  ENGLISH,
  type EventMark,
  type Segment,
  type TriggerMark,
} from "./views.ts";
export { drawZoom } from "./zoom/draw.ts";
export { layoutZoom } from "./zoom/layout.ts";
export { sampleAt, zoomScale } from "./zoom/samples.ts";
export type { ZoomLayout, ZoomView } from "./zoom/view.ts";
