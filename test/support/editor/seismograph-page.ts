// The page of the seisplotjs test: it reads streams from a DataLink server by WebSocket and draws each with seisplotjs'
// own seismograph. Bundled for the browser by the test; runs nowhere else.
import {
  datalink,
  miniseed,
  mseed3,
  seismogram,
  type seismogramsegment,
  seismograph,
  seismographconfig,
  util,
} from "seisplotjs";

/** What the page shall show. Times are ISO 8601. */
export interface View {
  url: string;
  match: string;
  start: string;
  seconds: number;
  /** The amplitude that reaches the upper and the lower edge. */
  amplitude: number;
}

/** The inked rows of one column of pixels, or nothing. */
export type Ink = { top: number; bottom: number } | undefined;

/** A record as seisplotjs understands it. */
export interface Decoded {
  start: string;
  sampleRate: number;
  samples: number[];
}

class SeismographPage {
  /** What has come of each stream, a piece per record. */
  readonly #segments = new Map<string, seismogramsegment.SeismogramSegment[]>();
  readonly #graphs = new Map<string, seismograph.Seismograph>();
  /** How many records of each stream its canvas shows. */
  readonly #drawn = new Map<string, number>();
  readonly #view: View;
  readonly #connection: datalink.DataLinkConnection;

  constructor(view: View) {
    this.#view = view;
    this.#connection = new datalink.DataLinkConnection(
      view.url,
      (packet) => this.#receive(packet),
      (error) => console.error(`DataLink: ${error.message}`),
    );
  }

  /** Connects, and streams what is in the ring and what arrives. Gives what the server says of itself. */
  async open(): Promise<{ id: string; totalStreams: number; streams: string[] }> {
    const id = await this.#connection.connect();
    const { datalinkStats } = await this.#connection.infoStatus();
    const { streams } = await this.#connection.infoStreams();
    await this.#connection.match(this.#view.match);
    const position = await this.#connection.positionAfter(util.isoToDateTime(this.#view.start));
    // A stream begins behind the packet that the position is at. Packets answer these two: they come to the handler, and
    // seisplotjs' promises stay open.
    void this.#connection.read(position.value);
    void this.#connection.stream();
    return { id, totalStreams: datalinkStats.totalStreams, streams: streams.map(({ name }) => name) };
  }

  close(): void {
    this.#connection.close();
  }

  /** How many records have come, of all streams. */
  get received(): number {
    return [...this.#segments.values()].reduce((sum, segments) => sum + segments.length, 0);
  }

  /** How many of them are on the canvases. */
  get drawn(): number {
    return [...this.#drawn.values()].reduce((sum, count) => sum + count, 0);
  }

  records(streamId: string): Decoded[] {
    return this.#segments.get(streamId)!.map(({ startTime, sampleRate, y }) => ({
      start: startTime.toJSDate().toISOString(),
      sampleRate,
      samples: [...y],
    }));
  }

  /** What is on a stream's canvas, column by column. */
  ink(streamId: string): { width: number; height: number; columns: Ink[] } {
    const canvas = this.#graphs.get(streamId)?.canvas?.node();
    if (!canvas) throw new Error(`nothing is drawn of ${streamId}`);
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, width, height);
    const columns = Array.from({ length: width }, (_, x): Ink => {
      const rows = Array.from({ length: height }, (_, y) => y).filter(
        (y) => data[4 * (y * width + x) + 3]! > 0,
      );
      return rows.length > 0 ? { top: rows[0]!, bottom: rows.at(-1)! } : undefined;
    });
    return { width, height, columns };
  }

  #receive(packet: datalink.DataLinkPacket): void {
    const segment = packet.isMiniseed3()
      ? mseed3.createSeismogramSegment(packet.asMiniseed3()!)
      : miniseed.createSeismogramSegment(packet.asMiniseed()!);
    const segments = this.#segments.get(packet.streamId) ?? [];
    segments.push(segment);
    this.#segments.set(packet.streamId, segments);
    this.#draw(packet.streamId, segments);
  }

  #draw(streamId: string, segments: seismogramsegment.SeismogramSegment[]): void {
    const data = seismogram.SeismogramDisplayData.fromSeismogram(new seismogram.Seismogram([...segments]));
    const shown = this.#graphs.get(streamId);
    if (shown) shown.seisData = [data];
    else this.#graphs.set(streamId, this.#addGraph(streamId, data));
  }

  #addGraph(streamId: string, data: seismogram.SeismogramDisplayData): seismograph.Seismograph {
    const { start, seconds, amplitude } = this.#view;
    const config = new seismographconfig.SeismographConfig();
    config.title = streamId;
    config.fixedTimeScale = util.startDuration(util.isoToDateTime(start), seconds);
    config.fixedAmplitudeScale = [-amplitude, amplitude];
    const graph = new seismograph.Seismograph([data], config);
    graph.onRedraw = () => this.#drawn.set(streamId, this.#segments.get(streamId)!.length);
    document.body.append(graph);
    return graph;
  }
}

declare global {
  interface Window {
    SeismographPage: typeof SeismographPage;
    seismographs: SeismographPage;
  }
}
window.SeismographPage = SeismographPage;
