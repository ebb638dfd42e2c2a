/**
 * DataLink servers at paths of Node-RED's own HTTP server: WebSockets at the path itself (for SeedLink at `seedlink` below
 * it), and their figures as JSON below it. Node-RED's other paths, and their WebSockets, are left alone.
 *
 * A request for a WebSocket goes the way that every request goes, through whatever stands before the HTTP nodes
 * (`httpNodeAuth`, `httpNodeMiddleware`, what a program that embeds Node-RED has put there); only then is it one.
 */
import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Request, RequestHandler, Response } from "express";
import type { NodeAPI } from "node-red";
import type { DataLinkServer } from "../../lib/server/server.ts";
import { SettingError } from "./settings.ts";

/** Milliseconds that the check of who asks for a WebSocket may take. */
const CHECK_MS = 10_000;

/** WebSockets whose clients are being checked, at most. */
const MAX_CHECKS = 100;

/** What Node-RED's settings say of its HTTP nodes. */
interface HttpNodeSettings {
  httpNodeRoot?: string | false;
  httpNodeAuth?: unknown;
  httpNodeMiddleware?: RequestHandler | RequestHandler[];
}

export class WebPaths {
  readonly #RED: NodeAPI;
  readonly #servers = new Map<string, DataLinkServer>();
  /** What to do with a request for a WebSocket once it has come through. */
  readonly #upgrades = new Map<IncomingMessage, () => void>();
  #hasRoutes = false;

  constructor(RED: NodeAPI) {
    this.#RED = RED;
  }

  /**
   * Serves at a path, such as `/datalink`, below Node-RED's own for HTTP nodes; gives the path as it is seen from outside.
   * @throws SettingError where another server has the path, or Node-RED serves no HTTP nodes.
   */
  serve(path: string, server: DataLinkServer): string {
    const place = `/${path.replace(/^\/+|\/+$/g, "")}`;
    if (this.#settings.httpNodeRoot === false) {
      throw new SettingError(
        "INVALID_SETTING",
        `The web path ${place} cannot be served: Node-RED's setting httpNodeRoot is false. Leave the web path blank, or change that.`,
      );
    }
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

  get #settings(): HttpNodeSettings {
    return this.#RED.settings as HttpNodeSettings;
  }

  /** Where Node-RED has its HTTP nodes: nothing, or a path without a slash at its end. */
  get #root(): string {
    return (this.#settings.httpNodeRoot || "/").replace(/\/$/, "");
  }

  /** Express cannot take routes away: one for all paths, once, which passes on what is not for a server. */
  #addRoutes(): void {
    if (this.#hasRoutes) return;
    this.#hasRoutes = true;
    this.#RED.httpNode.use((request: Request, response: Response, next: (error?: unknown) => void) => {
      const answer = this.#answerTo(request, response);
      if (!answer) return next();
      const middleware = [this.#settings.httpNodeMiddleware ?? []]
        .flat()
        .filter((it) => typeof it === "function");
      through(middleware, request, response, (error) => (error === undefined ? answer() : next(error)));
    });
  }

  /** What is to be done with a request that is for a server. */
  #answerTo(request: Request, response: Response): (() => void) | undefined {
    const upgrade = this.#upgrades.get(request);
    if (upgrade) return upgrade;
    const server = this.#servers.get(request.path.replace(/\/[^/]*\/?$/, ""));
    if (!server || request.method !== "GET") return undefined;
    return () => server.handleRequest(request, response, Boolean(this.#settings.httpNodeAuth));
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const [path = ""] = (request.url ?? "").split("?");
    const root = this.#root;
    const place = path.startsWith(`${root}/`) ? path.slice(root.length) : "";
    // Below it, SeedLink is spoken.
    const server = this.#servers.get(place) ?? this.#servers.get(place.replace(/\/seedlink$/i, ""));
    if (server)
      this.#check(request, socket as Socket, () => {
        server.handleUpgrade(request, socket, head, Boolean(this.#settings.httpNodeAuth));
      });
  };

  /** Sends a request for a WebSocket the way of all requests, with an answer that is only used where it is refused. */
  #check(request: IncomingMessage, socket: Socket, accept: () => void): void {
    socket.on("error", () => {});
    if (this.#upgrades.size >= MAX_CHECKS || request.method !== "GET") {
      socket.destroy();
      return;
    }
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    const leave = () => socket.destroy();
    const end = () => {
      clearTimeout(timer);
      this.#upgrades.delete(request);
      socket.off("close", end).off("end", leave).off("data", leave);
    };
    const timer = setTimeout(leave, CHECK_MS);
    // Read, so that it is seen when the client goes; it has nothing to say before it is answered.
    socket.on("close", end).on("end", leave).on("data", leave);
    response.once("finish", () => {
      end();
      response.detachSocket(socket);
      socket.destroySoon();
    });
    this.#upgrades.set(request, () => {
      end();
      response.detachSocket(socket);
      accept();
    });
    try {
      this.#RED.server.emit("request", request, response);
    } catch {
      // Of another's listener: for a request of the usual kind, that would end the process.
      socket.destroy();
    }
  }
}

/** Lets a request through what stands before it, one after the other. */
export function through(
  middleware: RequestHandler[],
  request: Request,
  response: Response,
  done: (error?: unknown) => void,
): void {
  const [first, ...others] = middleware;
  if (!first) {
    done();
    return;
  }
  const goOn = (error?: unknown) => {
    if (error === undefined || error === null) through(others, request, response, done);
    else done(error);
  };
  try {
    Promise.resolve(first(request, response, goOn)).catch((error: unknown) => goOn(error));
  } catch (error) {
    done(error);
  }
}
