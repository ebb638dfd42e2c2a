/**
 * The HTTP server of a page that stands alone: who may come in, by address and by password or token, as for the DataLink server. Other
 * people's pages and names that point here do not get in with somebody's browser.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TlsOptions } from "node:tls";
import { MAX_PAGE_CONNECTIONS } from "../../limits.ts";
import { Access, type AccessOptions, type Permissions } from "../../server/access/access.ts";
import { isHostAllowed, sourceOfRequest } from "../../server/access/admission.ts";
import { LoginLimiter } from "../../server/access/login-limiter.ts";
import { SeismographError } from "../errors.ts";

/** Where a page is served, and to whom. */
export interface DoorOptions {
  /** Address to listen on. Default 127.0.0.1: only this machine. */
  host?: string | undefined;
  /** Default 8080; 0 for any free port. */
  port?: number | undefined;
  /** Certificate, key and the like: the page is at https. Default: no TLS. */
  tls?: TlsOptions | undefined;
  /**
   * Who may see the page: those who may read all streams. Default: this machine. Users and bearers of tokens log in where their address
   * alone does not let them in.
   */
  access?: AccessOptions | undefined;
  /** Names of this machine besides its addresses and those without a dot, for `Host`. */
  hosts?: readonly string[] | undefined;
}

/** Milliseconds for the head of a request, and for all of it; how often that is looked at. */
const TIMES = { headersTimeout: 10_000, requestTimeout: 20_000, connectionsCheckingInterval: 2000 };

export class Door {
  readonly #server: Server;
  readonly #access: Access;
  readonly #hosts: readonly string[];
  readonly #logins = new LoginLimiter();
  readonly #handle: (request: IncomingMessage, response: ServerResponse) => void;
  #closed: Promise<void> | undefined;

  /** @throws DataLinkError `INVALID_ARGUMENT` for access rules that make no sense */
  constructor(options: DoorOptions, handle: (request: IncomingMessage, response: ServerResponse) => void) {
    this.#access = new Access(options.access);
    this.#hosts = options.hosts ?? [];
    this.#handle = handle;
    const answer = (request: IncomingMessage, response: ServerResponse) =>
      void this.#answer(request, response);
    this.#server = options.tls
      ? createTlsServer({ ...options.tls, ...TIMES }, answer)
      : createServer(TIMES, answer);
    this.#server.maxConnections = MAX_PAGE_CONNECTIONS;
    this.#server.on("clientError", (_error, socket) => socket.destroy());
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** @throws SeismographError `LISTEN_FAILED` */
  async listen(host: string, port: number): Promise<void> {
    try {
      this.#server.listen(port, host);
      await once(this.#server, "listening");
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const why =
        code === "EADDRINUSE" ? "it is taken: stop the other program, or choose another port" : message;
      throw new SeismographError(
        "LISTEN_FAILED",
        `The page cannot listen on ${host}, port ${port}: ${why}.`,
        { cause },
      );
    }
  }

  /** Takes no more requests, and ends those that are left after a moment. */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    this.#logins.close();
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    // Streams have said that they end; whoever has not taken that by then does not read.
    const timer = setTimeout(() => this.#server.closeAllConnections(), 1000);
    await closed;
    clearTimeout(timer);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => {});
    if (!isHostAllowed(request, this.#hosts)) {
      refuse(response, 403, "This is not known as a name of this page: name it in the option hosts.");
      return;
    }
    const source = sourceOfRequest(request);
    if (
      isReader(this.#access.ofAddresses(source.addresses, false)) ||
      (await this.#isLoggedIn(request, source.address))
    ) {
      if (!response.destroyed) this.#handle(request, response);
      return;
    }
    if (this.#access.hasLogins) refuse(response, 401, "Log in to see this page.", LOGIN);
    else refuse(response, 403, "The access rules do not let this address see the page.");
  }

  /** Whether the request has a user's password, or a token, that may read. */
  async #isLoggedIn({ headers }: IncomingMessage, address: string): Promise<boolean> {
    const [scheme = "", secret = ""] = (headers.authorization ?? "").split(" ", 2);
    if (!this.#access.hasLogins || secret === "") return false;
    if (!(await this.#logins.admit(address))) return false;
    const permissions = await this.#permissionsOf(scheme.toLowerCase(), secret);
    if (!isReader(permissions)) return false;
    this.#logins.succeeded(address);
    return true;
  }

  async #permissionsOf(scheme: string, secret: string): Promise<Permissions | undefined> {
    if (scheme === "bearer") return await this.#access.ofToken(secret);
    if (scheme !== "basic") return undefined;
    const [name = "", ...password] = Buffer.from(secret, "base64").toString().split(":");
    return this.#access.ofUser(name, password.join(":"));
  }
}

const LOGIN = { "WWW-Authenticate": 'Basic realm="Seismograph", charset="UTF-8"' };

/** The page shows all streams: whoever may read only some of them does not see it. */
function isReader(permissions: Permissions | undefined): boolean {
  return permissions?.read === true;
}

function refuse(
  response: ServerResponse,
  status: number,
  sentence: string,
  headers: Record<string, string> = {},
): void {
  const body = JSON.stringify({ error: sentence, code: "NOT_PERMITTED" });
  response.writeHead(status, {
    "Content-Type": "application/json; charset=utf-8",
    Connection: "close",
    ...headers,
  });
  response.end(body);
}
