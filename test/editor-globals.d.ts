// What the editor's own types (written for Node-RED 1.3) do not know yet.
import type { EditorRED } from "node-red";

declare global {
  const RED: EditorRED & {
    comms: {
      send(topic: string, data: unknown): void;
      on(event: "connect" | "disconnect", handler: () => void): void;
      subscribe(topic: string, handler: (topic: string, data: any) => void): void;
      unsubscribe(topic: string, handler: (topic: string, data: any) => void): void;
    };
    hooks: {
      add(name: string, handler: (event: any) => void): void;
      remove(name: string): void;
    };
    events: { on(name: string, handler: (...args: any[]) => void): void };
  };
}
