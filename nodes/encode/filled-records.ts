/**
 * The part of mseed encode that collects: samples of many messages become full records. A message is done with when all its
 * samples have been sent, or are safe on disk.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Node, NodeAPI, NodeMessageInFlow } from "node-red";
import { type FilledRecord, RecordFiller } from "../../lib/mseed/join/filler.ts";
import type { PackOptions, Series } from "../../lib/mseed/pack.ts";
import { copyMessage } from "../runtime/copy-message.ts";
import { InOrder } from "../runtime/in-order.ts";
import { asError, guarded } from "../runtime/input-handler.ts";
import { StatusLine } from "../runtime/status.ts";
import { LeftOver } from "./left-over.ts";

export interface FillingSettings {
  /** How long a sample waits at the most. */
  seconds: number;
  /** Records that are ready at the same time go in one message. */
  inOneMessage: boolean;
  /** Bytes that messages may have together whose records wait to be sent. */
  maxWaitingBytes: number;
}

/** A message, some of whose samples wait. */
interface Held {
  msg: NodeMessageInFlow;
  settle: (error?: Error) => void;
}

type Record = FilledRecord<Held>;

const TICK_MS = 100;
/** Records sent in one turn of the event loop. */
const PER_TURN = 64;
/** Where nothing has come for so long, and so many messages are held, whoever sends them may be waiting for them. */
const PAUSE_MS = 500;
const MANY = 32;

export class FilledRecords {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #settings: FillingSettings;
  readonly #filler = new RecordFiller<Held>();
  readonly #inOrder: InOrder;
  readonly #leftOver: LeftOver;
  readonly #status: StatusLine;
  readonly #timer: NodeJS.Timeout;
  readonly #onStarted: () => void;
  #cameAt = 0;
  /** Records that were sent in this turn: a stop now takes the nodes away before they arrive. */
  readonly #onTheirWay = new Set<Uint8Array>();
  /** Records that were ready after the node was told to stop: whoever they are for may be gone. */
  #late: Record[] | undefined;

  constructor(RED: NodeAPI, node: Node, settings: FillingSettings) {
    this.#RED = RED;
    this.#node = node;
    this.#settings = settings;
    this.#inOrder = new InOrder(settings.maxWaitingBytes);
    this.#leftOver = new LeftOver(RED, node);
    this.#status = new StatusLine(node, () => {
      const count = this.#filler.streams;
      return count === 0
        ? {}
        : { fill: "green", shape: "dot", text: RED._("mseed-encode.status.filling", { count }) };
    });
    this.#timer = setInterval(
      guarded(node, () => this.#tick()),
      TICK_MS,
    );
    // What was left by the last stop is for nodes that may not be there yet.
    this.#onStarted = guarded(node, () => this.#inBackground(() => this.#sendLeftOver()));
    RED.events.once("flows:started", this.#onStarted);
  }

  /**
   * Takes a message's samples; resolves when all of them have been sent.
   * @throws MiniSeedError, MessageError: then none of them is
   */
  async add(msg: NodeMessageInFlow, series: Series, options: PackOptions): Promise<void> {
    let settle: Held["settle"] = () => {};
    const isSent = new Promise<void>((resolve, reject) => {
      settle = (error) => (error ? reject(error) : resolve());
    });
    const held = { msg, settle };
    await this.#inOrder.run(8 * (series.samples?.length ?? 0), async () => {
      this.#cameAt = performance.now();
      await this.#send(this.#filler.add(series, options, held, this.#cameAt));
    });
    this.#status.update();
    await isSent;
  }

  /** Sends what has been collected, or keeps it where all nodes are being stopped. */
  async close(removed: boolean): Promise<void> {
    clearInterval(this.#timer);
    this.#RED.events.off("flows:started", this.#onStarted);
    this.#status.close();
    const onTheirWay = [...this.#onTheirWay];
    this.#late = [];
    await this.#inOrder.run(0, async () => {
      // Whatever is stopped together with this node has been told so by then.
      await nextTurn();
      const records = [...(this.#late ?? []), ...this.#filler.finish()];
      this.#late = undefined;
      if (removed || this.#hasNext()) await this.#send(records);
      else await this.#keep(onTheirWay, records);
      // Messages are on their way for a turn, and may be lost with a node that counts as there until they arrive.
      await nextTurn();
    });
    if (removed) await this.#leftOver.remove();
  }

  #tick(): void {
    const now = performance.now();
    const isHeldUp = this.#filler.pieces > MANY && now - this.#cameAt > PAUSE_MS;
    const before = isHeldUp ? now : now - 1000 * this.#settings.seconds;
    const { oldest } = this.#filler;
    if (oldest === undefined || oldest >= before) return;
    this.#inBackground(async () => {
      await this.#send(this.#filler.flush(before));
      this.#status.update();
    });
  }

  /** After all that came before; what goes wrong is in the log. */
  #inBackground(work: () => Promise<void>): void {
    this.#inOrder.run(0, work).catch((error) => this.#node.error(asError(error).message));
  }

  async #send(records: readonly Record[]): Promise<void> {
    const messages = this.#settings.inOneMessage ? joined(records) : records;
    for (const [i, record] of messages.entries()) {
      if (this.#late) this.#late.push(record);
      else this.#sendOne(record);
      if ((i + 1) % PER_TURN === 0) await nextTurn();
    }
  }

  /** A record goes with the properties of the message that its first sample came with: the message itself if that ends in it. */
  #sendOne({ bytes, first, finished }: Record): void {
    let failure: Error | undefined;
    try {
      const { payload: _, ...rest } = first.msg;
      const msg = finished.includes(first) ? first.msg : copyMessage(this.#RED, rest);
      this.#node.send(Object.assign(msg, { payload: bufferOf(bytes) }));
      this.#onTheirWay.add(bytes);
      // Node-RED delivers in the next turn, which it has asked for before.
      setImmediate(() => this.#onTheirWay.delete(bytes));
    } catch (error) {
      failure = asError(error);
    }
    for (const { settle } of finished) settle(failure);
  }

  /** Whether the nodes behind this one are there to take a message. */
  #hasNext(): boolean {
    const { wires = [] } = this.#node as Node & { wires?: string[][] };
    return wires.flat().every((id) => this.#RED.nodes.getNode(id));
  }

  async #keep(onTheirWay: readonly Uint8Array[], records: readonly Record[]): Promise<void> {
    let failure: Error | undefined;
    const all = [...onTheirWay, ...records.map(({ bytes }) => bytes)];
    try {
      await this.#leftOver.add(all);
    } catch (error) {
      failure = asError(error);
      this.#node.error(`${all.length} records cannot be kept for the next start: ${failure.message}`);
    }
    for (const { finished } of records) for (const { settle } of finished) settle(failure);
  }

  async #sendLeftOver(): Promise<void> {
    const records = await this.#leftOver.read();
    // A stop that came meanwhile leaves them for the start after it.
    if (records.length === 0 || this.#late) return;
    const payloads = this.#settings.inOneMessage ? [Buffer.concat(records)] : records;
    for (const payload of payloads) this.#node.send({ payload: bufferOf(payload) });
    await nextTurn();
    if (!this.#late) await this.#leftOver.remove();
  }
}

/** As one: what is ready at the same time. */
function joined(records: readonly Record[]): Record[] {
  const [first] = records;
  if (!first) return [];
  const bytes = Buffer.concat(records.map((record) => record.bytes));
  return [{ bytes, first: first.first, finished: records.flatMap(({ finished }) => finished) }];
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
