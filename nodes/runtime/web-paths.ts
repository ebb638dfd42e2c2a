/**
 * DataLink servers at paths of Node-RED's own HTTP server: WebSockets at the path itself, and their figures as JSON below
 * it. Node-RED's other paths, and their WebSockets, are left alone.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Request, Response } from "express";
import type { NodeAPI } from "node-red";
import type { DataLinkServer } from "../../lib/server/server.ts";
import { SettingError } from "./settings.ts";

export class WebPaths {
  readonly #RED: NodeAPI;
  readonly #servers = new Map<string, DataLinkServer>();
  #hasRoutes = false;

  constructor(RED: NodeAPI) {
    this.#RED = RED;
  }

  /**
   * Serves at a path, such as `/datalink`, below Node-RED's own for HTTP nodes; gives the path as it is seen from outside.
   * @throws SettingError where another server has the path.
   */
  serve(path: string, server: DataLinkServer): string {
    const place = `/${path.replace(/^\/+|\/+$/g, "")}`;
    if (this.#servers.has(place)) {
      throw new SettingError(
        "INVALID_SETTING",
        `Another datalink server has the web path ${place}: choose another one.`,
      );
    }
    if (this.#servers.size === 0) this.#RED.server?.on("upgrade", this.#onUpgrade);
    this.#servers.set(place, server);
    this.#addRoutes();
    return this.#root + place;
  }

  end(server: DataLinkServer): void {
    for (const [place, known] of this.#servers) if (known === server) this.#servers.delete(place);
    if (this.#servers.size === 0) this.#RED.server?.off("upgrade", this.#onUpgrade);
  }

  /** Express cannot take routes away: one for all paths, once, which passes on what is not for a server. */
  #addRoutes(): void {
    if (this.#hasRoutes) return;
    this.#hasRoutes = true;
    this.#RED.httpNode.use((request: Request, response: Response, next: () => void) => {
      const server = this.#servers.get(request.path.replace(/\/[^/]*\/?$/, ""));
      if (server && request.method === "GET") server.handleRequest(request, response);
      else next();
    });
  }

  /** Where Node-RED has its HTTP nodes: nothing, or a path without a slash at its end. */
  get #root(): string {
    const { httpNodeRoot = "/" } = this.#RED.settings as { httpNodeRoot?: string | false };
    return httpNodeRoot === false ? "" : httpNodeRoot.replace(/\/$/, "");
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const root = this.#root;
    const [path = ""] = (request.url ?? "").split("?");
    if (path.startsWith(`${root}/`))
      this.#servers.get(path.slice(root.length))?.handleUpgrade(request, socket, head);
  };
}
