/**
 * A picture to be drawn in another thread: what of the bins and samples is in it, as arrays that go along, and how it looks. Drawn there
 * it has the same bytes as if it were drawn here.
 */
import type { TraceBins } from "../../../waveform/bins.ts";
import type { HelicorderView } from "../../drawing/helicorder/view.ts";
import type { ScaleMode } from "../../drawing/live/scale.ts";
import type { LiveRow, LiveView } from "../../drawing/live/view.ts";
import { spectrogramOf } from "../../drawing/spectrogram/power.ts";
import type { Bins, Segment } from "../../drawing/views.ts";
import { helicorderImage, type Image, type ImageOptions, liveImage } from "../image.ts";

/** Columns of a row's spectrogram. */
const SPECTROGRAM_COLUMNS = 400;
/** Bins before those that are seen, which lines between bins need. */
const BINS_BEFORE = 4;

/** A drum whose bins are a channel's. */
export type DrumView = Omit<HelicorderView, "bins" | "localOffset"> & { bins: TraceBins };

/** A row without its scale, which the picture judges, and with the samples of its spectrogram, if it is to have one. */
export type UnscaledRow = Omit<LiveRow, "bins" | "scale" | "spectrogram"> & {
  bins: TraceBins;
  segments: readonly Segment[];
};

/** Live traces whose scales the picture judges. */
export type UnscaledLiveView = Omit<LiveView, "rows"> & { rows: readonly UnscaledRow[] };

/** The bins that are in a picture. */
interface PackedBins {
  width: number;
  first: number;
  end: number;
  min: Float32Array;
  max: Float32Array;
}

type Packed<Of extends { bins: TraceBins }> = Omit<Of, "bins"> & { bins: PackedBins };

/** A picture to be drawn: what {@link drumJob} and {@link liveJob} make. */
export type PictureJob =
  | { kind: "drum"; view: Packed<DrumView>; options: ImageOptions }
  | {
      kind: "live";
      view: Omit<LiveView, "rows"> & { rows: Packed<UnscaledRow>[] };
      options: ImageOptions & { mode: ScaleMode };
    };

/** The job of a drum as PNG. */
export function drumJob(view: DrumView, options: ImageOptions): PictureJob {
  // The newest line may have begun just now, so that the first one lies one line further back.
  const span = view.hours * 3600e6 + 2 * view.lineMinutes * 60e6;
  return { kind: "drum", view: { ...view, bins: packed(view.bins, view.end - span) }, options };
}

/** The job of live traces as PNG. */
export function liveJob(view: UnscaledLiveView, options: ImageOptions & { mode: ScaleMode }): PictureJob {
  // A column can be as wide as all of the picture.
  const from = view.end - 2 * view.seconds * 1e6;
  const rows = view.rows.map((row) => ({ ...row, bins: packed(row.bins, from) }));
  return { kind: "live", view: { ...view, rows }, options };
}

/** The arrays of a job that go to the other thread, and are no longer here then. */
export function transfersOf({ kind, view }: PictureJob): ArrayBuffer[] {
  const rows = kind === "drum" ? [{ bins: view.bins, segments: [] }] : view.rows;
  const arrays = rows.flatMap(({ bins, segments }) => [
    bins.min,
    bins.max,
    ...segments.map(({ samples }) => samples as Float64Array),
  ]);
  return arrays.map(({ buffer }) => buffer as ArrayBuffer);
}

/** Draws a picture. */
export function drawJob(job: PictureJob): Image {
  if (job.kind === "drum")
    return helicorderImage({ ...job.view, bins: new UnpackedBins(job.view.bins) }, job.options);
  const { end, seconds, spectrograms } = job.view;
  const start = end - seconds * 1e6;
  const rows = job.view.rows.map(({ segments, ...row }) => ({
    ...row,
    bins: new UnpackedBins(row.bins),
    spectrogram: spectrograms
      ? spectrogramOf(segments, { start, end, columns: SPECTROGRAM_COLUMNS })
      : undefined,
  }));
  return liveImage({ ...job.view, rows }, job.options);
}

function packed(bins: TraceBins, from: number): PackedBins {
  const { width, begin, end } = bins;
  if (Number.isNaN(end)) return { width, first: 0, end, ...bins.slice(0, 0) };
  const first = Math.min(end, Math.max(begin, Math.floor(from / width) - BINS_BEFORE));
  return { width, first, end, ...bins.slice(first, end) };
}

class UnpackedBins implements Bins {
  readonly width: number;
  readonly end: number;
  readonly #first: number;
  readonly #min: Float32Array;
  readonly #max: Float32Array;

  constructor({ width, first, end, min, max }: PackedBins) {
    this.width = width;
    this.end = end;
    this.#first = first;
    this.#min = min;
    this.#max = max;
  }

  min(bin: number): number {
    return this.#min[bin - this.#first] ?? Number.NaN;
  }

  max(bin: number): number {
    return this.#max[bin - this.#first] ?? Number.NaN;
  }

  read(first: number, min: Float64Array, max: Float64Array): void {
    min.fill(Number.NaN);
    max.fill(Number.NaN);
    const from = Math.max(first, this.#first);
    const to = Math.min(first + min.length, this.#first + this.#min.length);
    if (!(to > from)) return;
    min.set(this.#min.subarray(from - this.#first, to - this.#first), from - first);
    max.set(this.#max.subarray(from - this.#first, to - this.#first), from - first);
  }
}
