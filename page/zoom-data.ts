/** The raw samples around what the strip shows: read once, with a margin, and filtered as the drum is. */
import type { Segment } from "../lib/seismograph/drawing/index.ts";
import { FrameReader } from "../lib/seismograph/frame-reader.ts";
import type { BandView } from "../lib/seismograph/frames.ts";
import { sectionsOf } from "../lib/seismograph/views.ts";
import { IirFilter } from "../lib/signal/iir-filter.ts";
import type { ZoomSpan } from "./state.ts";
import { refusal } from "./stream.ts";

/** What has been read of a span. */
export interface ZoomData {
  span: ZoomSpan;
  /** As the instrument gave them. */
  raw: readonly Segment[];
  /** As the drum shows them. */
  filtered: readonly Segment[];
}

/** The status with which the seismograph says that it has no samples of this time any more. */
const NOT_KEPT = 404;

/**
 * Reads the samples of a span; none where only the envelope is kept.
 * @throws Error with the server's sentence, or what `fetch` throws
 */
export async function readZoom(
  id: string,
  span: ZoomSpan,
  view: BandView | undefined,
  signal: AbortSignal,
): Promise<ZoomData> {
  const response = await fetch(`data?${dataQuery(id, span, "samples")}`, { signal, cache: "no-store" });
  if (response.status === NOT_KEPT) return { span, raw: [], filtered: [] };
  if (!response.ok) throw new Error(await refusal(response));
  const frames = new FrameReader().push(new Uint8Array(await response.arrayBuffer()));
  const raw = frames.flatMap((frame): Segment[] =>
    frame.type === "samples" && frame.sampleRate > 0
      ? [{ start: frame.start, period: 1e6 / frame.sampleRate, samples: frame.samples }]
      : [],
  );
  return { span, raw, filtered: raw.map((segment) => filteredAs(view, segment)) };
}

/** What `/data` is asked for. */
export function dataQuery(id: string, { from, to }: ZoomSpan, format: "samples" | "mseed" | "wav"): string {
  const query = new URLSearchParams({
    id,
    from: String(Math.floor(from)),
    to: String(Math.ceil(to)),
    format,
  });
  if (format === "wav") query.set("speed", "60");
  return String(query);
}

function filteredAs(view: BandView | undefined, segment: Segment): Segment {
  const sections = view ? (sectionsOf(view, 1e6 / segment.period) ?? []) : [];
  if (sections.length === 0) return segment;
  return { ...segment, samples: new IirFilter(sections).push(segment.samples as Float64Array) };
}
