/** The pictures on the canvas: made and taken away with their nodes, drawn as the runtime sends frames for them. */
import { type Frame, TracePicture } from "./picture.ts";

const TOPIC = "waveform";
/** Milliseconds. The runtime forgets an editor that says nothing for half a minute: its computer may be asleep. */
const SAY_AGAIN = 10_000;

/** By the node's id. */
const pictures = new Map<string, TracePicture>();
let announced: string | undefined;
let isAnnouncing = false;

/** Tells the runtime which pictures this editor shows. */
function announce(): void {
  isAnnouncing = false;
  const shown = document.hidden ? [] : [...pictures.values()].filter(({ node }) => node.active);
  const ids = shown.map(({ node }) => node.id).sort();
  if (ids.join() === announced) return;
  announced = ids.join();
  RED.comms.send(TOPIC, { ids });
}

function announceSoon(): void {
  if (isAnnouncing) return;
  isAnnouncing = true;
  setTimeout(announce, 20);
}

/** The node's picture goes. */
function remove(id: string): void {
  pictures.get(id)?.remove();
  pictures.delete(id);
}

/** Has the editor's canvas call `handler` for nodes of this type. */
function onCanvas(hook: string, handler: (node: EditorNode, element: Element) => void): void {
  RED.hooks.add(`${hook}.waveform`, ({ node, el }) => {
    if (node.type !== "waveform") return;
    handler(node, el);
    announceSoon();
  });
}

export function showPictures(): void {
  onCanvas("viewAddNode", (node, element) => {
    remove(node.id);
    pictures.set(node.id, new TracePicture(node, element));
  });
  onCanvas("viewRedrawNode", ({ id }) => pictures.get(id)?.place());
  onCanvas("viewRemoveNode", ({ id }) => remove(id));
  RED.comms.on("connect", () => {
    announced = undefined;
    announceSoon();
  });
  document.addEventListener("visibilitychange", announceSoon);
  setInterval(() => {
    // An editor without pictures has nothing to be forgotten.
    if (announced) announced = undefined;
    announceSoon();
  }, SAY_AGAIN);
  RED.comms.subscribe(`${TOPIC}/#`, (topic, frame: Frame) => {
    const rows = frame.rows.map((row) => ({ ...row, envelope: atob(row.envelope) }));
    pictures.get(topic.slice(TOPIC.length + 1))?.draw({ ...frame, rows });
  });
  document.addEventListener("mousemove", ({ clientX, clientY }) => {
    for (const picture of pictures.values()) picture.point(clientX, clientY);
  });
  setInterval(() => {
    for (const picture of pictures.values()) picture.tick();
  }, 1000);
}
