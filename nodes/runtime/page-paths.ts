/**
 * Pages at paths of Node-RED's own HTTP server for nodes, below `httpNodeRoot` and behind `httpNodeAuth` and `httpNodeMiddleware`. With
 * the last page goes what was put into that server.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Request, RequestHandler, Response } from "express";
import type { NodeAPI } from "node-red";
import { SettingError } from "./settings.ts";
import { through } from "./web-paths.ts";

/** Answers a request for what stands behind a page's path: `/`, `/page.js?x`. */
export type PageHandler = (request: IncomingMessage, response: ServerResponse, target: string) => void;

/** What of Express is not in its types: the layers that requests go through. */
interface Layers {
  _router?: { stack?: { handle: unknown }[] };
}

/** Letters that need no escape in an address, in names without one of dots alone. */
const PATH = /^(\/(?!\.+(\/|$))[A-Za-z0-9._~-]+)+$/;

export class PagePaths {
  readonly #RED: NodeAPI;
  /** By their paths as they are seen from outside. */
  readonly #pages = new Map<string, { place: string; handle: PageHandler }>();

  constructor(RED: NodeAPI) {
    this.#RED = RED;
  }

  /**
   * Serves a page at a path such as `/seismo`; gives the path as it is seen from outside.
   * @throws SettingError where another page has the path, or there can be none there
   */
  serve(path: string, handle: PageHandler): string {
    const place = `/${path.replace(/^\/+|\/+$/g, "")}`;
    const { httpNodeRoot } = this.#RED.settings as { httpNodeRoot?: string | false };
    if (httpNodeRoot === false) {
      throw new SettingError(
        "INVALID_SETTING",
        `The page cannot be at ${place}: Node-RED's setting httpNodeRoot is false, so that there are no pages of nodes.`,
      );
    }
    if (!PATH.test(place)) {
      throw new SettingError(
        "INVALID_SETTING",
        `Path is ${JSON.stringify(path.slice(0, 100))}: give one such as /seismo, of letters, digits, - and _.`,
      );
    }
    const address = `${(httpNodeRoot || "/").replace(/\/$/, "")}${place}`;
    if (this.#pages.has(address)) {
      throw new SettingError("INVALID_SETTING", `Another page has the path ${place}: choose another one.`);
    }
    if (this.#pages.size === 0) this.#RED.httpNode.use(this.#onRequest);
    this.#pages.set(address, { place, handle });
    return address;
  }

  /** Takes a page away. */
  end(address: string): void {
    this.#pages.delete(address);
    if (this.#pages.size > 0) return;
    const stack = (this.#RED.httpNode as Layers)._router?.stack;
    const at = stack?.findIndex(({ handle }) => handle === this.#onRequest) ?? -1;
    // Where Express keeps them elsewhere it stays, and passes on whatever comes.
    if (at >= 0) stack!.splice(at, 1);
  }

  readonly #onRequest = (request: Request, response: Response, next: (error?: unknown) => void): void => {
    const [path = "", ...rest] = request.url.split("?");
    const query = rest.length > 0 ? `?${rest.join("?")}` : "";
    const page = [...this.#pages.values()].find(
      ({ place }) => path === place || path.startsWith(`${place}/`),
    );
    if (!page) {
      next();
      return;
    }
    const { httpNodeMiddleware = [] } = this.#RED.settings as {
      httpNodeMiddleware?: RequestHandler | RequestHandler[];
    };
    const middleware = [httpNodeMiddleware].flat().filter((it) => typeof it === "function");
    through(middleware, request, response, (error) => {
      if (error !== undefined) next(error);
      else if (path === page.place) redirect(response, page.place, query);
      else page.handle(request, response, path.slice(page.place.length) + query);
    });
  };
}

/** To the same with a slash behind it, told relatively: a proxy may show it at another place. */
function redirect(response: Response, place: string, query: string): void {
  response.writeHead(302, {
    Location: `${place.slice(place.lastIndexOf("/") + 1)}/${query}`,
    "Content-Length": 0,
  });
  response.end();
}
