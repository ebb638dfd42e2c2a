/**
 * Which editors show which nodes, and pictures for those only: an editor says by `RED.comms.send(topic, { ids })` which
 * nodes it has on its canvas, and says it again every ten seconds; what is drawn for a node goes to the editors that show it, at
 * most four times a second. While no editor shows a node, nothing is drawn for it.
 */
import type { NodeAPI } from "node-red";
import { guarded } from "./input-handler.ts";

const FRAME_INTERVAL_MS = 250;

/**
 * An editor that says nothing for so long is frozen, or its computer asleep, though its connection may stand for another
 * quarter of an hour: what was sent to it would pile up in memory.
 */
const SILENT_MS = 30_000;

/** More than a canvas has room for. */
const MAX_SHOWN = 1000;

/** What Node-RED's runtime says of its editors' connections since 4.0. */
interface EditorMessage {
  session: string;
  data?: unknown;
}

export class EditorViews {
  readonly #RED: NodeAPI;
  readonly #topic: string;
  /** What the editors show, by their session. It outlives the nodes, which a deploy makes anew. */
  readonly #shown = new Map<string, Canvas>();
  readonly #views = new Map<string, EditorView>();

  /** Call it once for a type of nodes, when the type is registered. */
  constructor(RED: NodeAPI, topic: string) {
    this.#RED = RED;
    this.#topic = topic;
    const listen = (event: string, hear: (message: EditorMessage) => void) =>
      RED.events.on(event, guarded(RED.log, hear));
    listen(`comms:message:${topic}`, (message) => this.#show(message));
    listen("comms:connection-removed", ({ session }) => this.#shown.delete(session));
  }

  /** A node's view. `draw` gives what its editor script draws, or undefined while there is nothing to draw. */
  open(id: string, draw: () => object | undefined): EditorView {
    const view = new EditorView({
      isShown: () => this.#isShown(id),
      publish: guarded(this.#RED.log, () => this.#publish(id, draw())),
      closed: () => this.#views.delete(id),
    });
    this.#views.set(id, view);
    view.changed();
    return view;
  }

  #show({ session, data }: EditorMessage): void {
    const before = this.#shown.get(session);
    const { ids } = (data ?? {}) as { ids?: unknown };
    // Also nodes that are not there yet: an editor may speak before a deploy is through.
    const known = Array.isArray(ids) ? ids.filter((id) => typeof id === "string").slice(0, MAX_SHOWN) : [];
    const shown = new Set<string>(known);
    const alreadyThere = before && isAwake(before) ? before.ids : new Set();
    this.#shown.set(session, { ids: shown, saidAt: performance.now() });
    for (const id of shown) if (!alreadyThere.has(id)) this.#views.get(id)?.changed();
  }

  #isShown(id: string): boolean {
    for (const canvas of this.#shown.values()) if (shows(canvas, id)) return true;
    return false;
  }

  #publish(id: string, data: object | undefined): void {
    if (!data) return;
    // Not RED.comms.publish, which has no session and sends to every editor.
    for (const [session, canvas] of this.#shown) {
      if (shows(canvas, id)) {
        this.#RED.events.emit("comms", { topic: `${this.#topic}/${id}`, data, retain: false, session });
      }
    }
  }
}

/** What an editor shows, and when it has last said so. */
interface Canvas {
  readonly ids: ReadonlySet<string>;
  readonly saidAt: number;
}

function isAwake({ saidAt }: Canvas): boolean {
  return performance.now() - saidAt < SILENT_MS;
}

function shows(canvas: Canvas, id: string): boolean {
  return canvas.ids.has(id) && isAwake(canvas);
}

interface Screen {
  isShown(): boolean;
  publish(): void;
  closed(): void;
}

/** What one node shows in the editors. */
export class EditorView {
  readonly #screen: Screen;
  #timer: NodeJS.Timeout | undefined;
  #publishedAt = Number.NEGATIVE_INFINITY;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** There is something new to draw: cheap, and nothing is done while no editor shows the node. */
  changed(): void {
    if (this.#timer || !this.#screen.isShown()) return;
    const wait = this.#publishedAt + FRAME_INTERVAL_MS - performance.now();
    this.#timer = setTimeout(() => this.#frame(), Math.max(0, wait));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#screen.closed();
  }

  #frame(): void {
    this.#timer = undefined;
    this.#publishedAt = performance.now();
    this.#screen.publish();
  }
}
