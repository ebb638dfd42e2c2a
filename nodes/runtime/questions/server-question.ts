/** A server as a dialog asks about it: by what is typed in its fields, or by the id of a deployed connection alone. */
import { isDeepStrictEqual } from "node:util";
import type { Node, NodeAPI } from "node-red";
import type {
  ConnectionFields,
  ConnectionType,
  LoginOptions,
  Secrets,
  ServerSettings,
} from "../connection-type.ts";
import { SettingError, Settings } from "../settings.ts";
import { textIn } from "./text-in.ts";

interface ServerQuestion extends ConnectionFields {
  id: string;
  /** What was typed; {@link UNCHANGED} for a secret that is stored. */
  secrets: Required<Secrets>;
}

/** The editor's stand-in for a secret that is stored and was not typed anew. */
const UNCHANGED = "__PWRD__";

/**
 * The server that a dialog asks about.
 * @throws SettingError
 */
export function askedServer<Options extends LoginOptions>(
  RED: NodeAPI,
  connections: ConnectionType<Options>,
  body: unknown,
): ServerSettings<Options> {
  const question = readQuestion(body);
  return question.address === undefined
    ? connections.chosen(RED, question.id)
    : typedServer(RED, connections, question);
}

function readQuestion(body: unknown): ServerQuestion {
  const text = (name: string) => textIn(body, name);
  const { credentials, plainAuth } = (body ?? {}) as {
    credentials?: Record<string, unknown>;
    plainAuth?: unknown;
  };
  const secret = (name: string) =>
    textIn(credentials, name) ?? (credentials?.[`has_${name}`] === true ? UNCHANGED : "");
  return {
    id: text("id") ?? "",
    address: text("address"),
    tls: text("tls"),
    auth: text("auth"),
    timeout: text("timeout"),
    clientName: text("clientName"),
    protocol: text("protocol"),
    plainAuth: plainAuth === true,
    secrets: {
      user: secret("user"),
      password: secret("password"),
      token: secret("token"),
      creds: secret("creds"),
    },
  };
}

/**
 * The server that a dialog has typed in its fields. A stored secret goes to the place only that it is stored with: nobody
 * who types an address gets to know it.
 * @throws SettingError
 */
function typedServer<Options extends LoginOptions>(
  RED: NodeAPI,
  connections: ConnectionType<Options>,
  question: ServerQuestion,
): ServerSettings<Options> {
  const deployed = connections.deployed(RED, question.id);
  const settings = new Settings(RED, deployed ?? ({ id: question.id } as Node));
  const server = connections.server(RED, settings, question, question.secrets);
  const { auth } = server.options;
  if (auth === undefined) return server;
  const name = "jwt" in auth ? "token" : "creds" in auth ? "creds" : "password";
  if (question.secrets[name] !== UNCHANGED) return server;
  const place = ({ url, options }: ServerSettings<Options>) => [connections.place(url).identity, options.tls];
  if (deployed === undefined || !isDeepStrictEqual(place(deployed.server()), place(server))) {
    throw new SettingError(
      "INVALID_SETTING",
      `The stored ${name} goes only to the address and TLS configuration that were deployed with it: type it anew to test others.`,
    );
  }
  const stored = deployed.credentials[name] ?? "";
  return connections.server(RED, settings, question, { ...question.secrets, [name]: stored });
}
