/**
 * What the dialogs take into their fields. A validator gives true, or a sentence where the editor asks for one (false where it
 * does not); `${NAME}` of an environment variable is taken everywhere, since only the runtime knows its value.
 */
import { text } from "./texts.ts";

/** With exactly these two parameters: Node-RED shows the sentences of no other. */
export type Validator = (this: EditorNode, value: any, options: ValidatorOptions) => boolean | string;

export interface Range {
  min: number;
  max: number;
  integer?: boolean;
  /** Whether the field may stay empty, which means the default. */
  blank?: boolean;
}

function invalid(options: ValidatorOptions, key: string, values?: Record<string, string | number>) {
  return options ? text(`invalid.${key}`, values) : false;
}

export function hasEnvironmentVariable(value: unknown): boolean {
  return typeof value === "string" && /\$\{[^}]+\}/.test(value);
}

/** The validator, where the node's other settings ask for the field. */
export function when(isAsked: (node: EditorNode) => boolean, validator: Validator): Validator {
  return function (value, options) {
    return !isAsked(this) || validator.call(this, value, options);
  };
}

/** A number within bounds. */
export function number({ min, max, integer = false, blank = false }: Range): Validator {
  return (value, options) => {
    const trimmed = String(value ?? "").trim();
    if (trimmed === "") return blank || invalid(options, "missing-number", { min, max });
    if (hasEnvironmentVariable(trimmed)) return true;
    const given = Number(trimmed);
    if (!(given >= min && given <= max)) return invalid(options, "range", { value: trimmed, min, max });
    return !integer || Number.isInteger(given) || invalid(options, "integer", { value: trimmed });
  };
}

/** `host`, `host:port`, `[v6]:port`, `host@port`, or a URL of one of a protocol's four schemes. */
function addressOf(schemes: RegExp, wrongScheme: string): Validator {
  return (value, options) => {
    const trimmed = String(value ?? "").trim();
    if (trimmed === "") return invalid(options, "missing-address");
    if (hasEnvironmentVariable(trimmed)) return true;
    const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(trimmed)?.[1];
    if (scheme && !schemes.test(scheme)) return invalid(options, wrongScheme, { scheme });
    if (/\s/.test(trimmed)) return invalid(options, "address-space");
    const port = /^(?:[a-z]+:\/\/)?(?:\[[^\]]*\]|[^:/@]*)[:@](\d+)/i.exec(trimmed)?.[1];
    return !port || (Number(port) >= 1 && Number(port) <= 65535) || invalid(options, "port", { port });
  };
}

export const address = addressOf(/^(datalinks?|wss?)$/i, "scheme");
export const seedLinkAddress = addressOf(/^(seedlinks?|wss?)$/i, "seedlink-scheme");

/** The servers of a cluster, with commas: each `host`, `host:port` or a URL of `nats://` or `tls://`. */
export const natsAddresses: Validator = function (value, options) {
  const trimmed = String(value ?? "").trim();
  if (trimmed === "") return invalid(options, "missing-address");
  const one = addressOf(/^(nats|tls)$/i, "nats-scheme");
  const verdicts = trimmed
    .split(",")
    .map((entry) => entry.trim())
    .filter(Boolean)
    .map((entry) => one.call(this, entry, options));
  return verdicts.find((verdict) => verdict !== true) ?? true;
};

/** The name of a stream or a group of JetStream. An empty one is for `whenEmpty` to judge. */
export function jetStreamName(whenEmpty: Validator = () => true): Validator {
  return function (value, options) {
    const trimmed = String(value ?? "").trim();
    if (trimmed === "") return whenEmpty.call(this, trimmed, options);
    if (hasEnvironmentVariable(trimmed)) return true;
    const isName = /^[\x21-\x7e]{1,200}$/.test(trimmed) && !/[.*>/\\]/.test(trimmed);
    return isName || invalid(options, "jetstream-name", { value: trimmed });
  };
}

/** What a source of packets is called, or nothing. */
export const sourceName: Validator = (value, options) =>
  !value || hasEnvironmentVariable(value) || /^[\x21-\x7e]{1,128}$/.test(value) || invalid(options, "source");

/** A code of a network, station or location, `--` for an empty one, or nothing for all. */
export const codeFilter: Validator = (value, options) =>
  !value || hasEnvironmentVariable(value) || /^[\w-]{1,8}$/.test(value) || invalid(options, "code-filter");

/** A channel of three letters, some of which may be any, or nothing for all. */
export const channelFilter: Validator = (value, options) =>
  !value || hasEnvironmentVariable(value) || /^[\w?]{3}$/.test(value) || invalid(options, "channel-filter");

/** A regular expression, or nothing. */
export const pattern: Validator = (value, options) => {
  if (!value || hasEnvironmentVariable(value)) return true;
  try {
    new RegExp(value);
    return true;
  } catch (error) {
    return invalid(options, "pattern", { reason: String((error as Error).message).replace(/^.*\/: /, "") });
  }
};

/** An entry of SeedLink's streams, roughly: `CO_JSC:BHZ 00HH? !BHN`, `IU_KONO`, `FDSN:CO_JSC_00_H_H_Z/MSEED`. */
const WORD = "!?[\\w*?.:-]+";
const SEEDLINK_ENTRY = new RegExp(
  `^(\\*|(FDSN:)?[\\w*?-]+_[\\w*?-]*(/\\w+)*(\\s*:\\s*${WORD}(\\s+${WORD})*)?)$`,
  "i",
);

/** SeedLink's streams, or nothing. */
export const seedLinkStreams: Validator = (value, options) => {
  if (!value || hasEnvironmentVariable(value)) return true;
  const entries = String(value)
    .split(/[,\n\r]/)
    .map((entry) => entry.trim())
    .filter(Boolean);
  return entries.every((entry) => SEEDLINK_ENTRY.test(entry)) || invalid(options, "seedlink-streams");
};

export const required: Validator = (value, options) =>
  String(value ?? "").trim() !== "" || invalid(options, "required");

export const atLeastOne: Validator = (nodes, options) =>
  (nodes ?? []).length > 0 || invalid(options, "no-node");

const TIME = /^\d{4}(-\d{2}(-\d{2}([T ]\d{2}(:\d{2}(:\d{2}(\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?)?)?|-\d{3}.*)?$/;

/** A point in time as people write it: ISO 8601, UTC unless it says otherwise. */
export const time: Validator = (value, options) => {
  const trimmed = String(value ?? "").trim();
  return hasEnvironmentVariable(trimmed) || TIME.test(trimmed) || invalid(options, "time");
};

export const packetId: Validator = (value, options) =>
  hasEnvironmentVariable(value) || /^\d{1,20}$/.test(String(value).trim()) || invalid(options, "packet-id");

/** A stream id, or nothing. */
export const streamId: Validator = (value, options) =>
  !value ||
  hasEnvironmentVariable(value) ||
  /^[\x21-\x7e]{1,63}$/.test(value) ||
  invalid(options, "stream-id");

/** Letters and digits, from so many up to eight: a part of a stream id. */
export function code(least: number): Validator {
  return (value, options) => {
    const trimmed = String(value ?? "").trim();
    if (hasEnvironmentVariable(trimmed)) return true;
    if (trimmed.length < least) return invalid(options, "required");
    return /^[A-Za-z0-9-]{0,8}$/.test(trimmed) || invalid(options, "code", { value: trimmed });
  };
}

/** A path of a page below Node-RED's own address, such as /seismo; nothing means that one. */
export const pagePath: Validator = (value, options) => {
  const trimmed = String(value ?? "")
    .trim()
    .replace(/^\/+|\/+$/g, "");
  if (trimmed === "" || hasEnvironmentVariable(trimmed)) return true;
  return /^(?!\.)[\w.~-]+(\/(?!\.)[\w.~-]+)*$/.test(trimmed) || invalid(options, "page-path");
};

/** Band views: `raw, 1-20, 0.5-, -1`; nothing means the usual ones. */
export const bandViews: Validator = (value, options) => {
  const names = String(value ?? "")
    .split(/[\s,;]+/)
    .filter((name) => name !== "");
  if (hasEnvironmentVariable(value)) return true;
  return (names.length <= 5 && names.every(isBandView)) || invalid(options, "band-views");
};

/** One band view; nothing means raw. */
export const bandView: Validator = (value, options) => {
  const name = String(value ?? "").trim();
  if (name === "" || hasEnvironmentVariable(name)) return true;
  return isBandView(name) || invalid(options, "band-view");
};

function isBandView(name: string): boolean {
  if (name === "raw") return true;
  const [, low, high] = /^(\d*\.?\d+)?-(\d*\.?\d+)?$/.exec(name) ?? [];
  if (low === undefined) return Number(high) > 0;
  return Number(low) > 0 && (high === undefined || Number(low) < Number(high));
}
