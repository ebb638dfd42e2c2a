/**
 * Source identifiers: what a record or a packet is about. The usual form is
 * `FDSN:NETWORK_STATION_LOCATION_BAND_SOURCE_SUBSOURCE` (FDSN Source Identifiers 1.0); shorter ones name a
 * location, station or network. miniSEED 3 allows any URI, so a `SourceId` holds any text, and says what is wrong
 * with it only when asked.
 */
import { CodedError } from "./errors.ts";

/** The four codes of SEED, without padding (a channel may have it: its three characters count by their place). `location` is often empty. */
export interface Nslc {
  /** 1 or 2 characters. */
  network: string;
  /** 1 to 5 characters. */
  station: string;
  /** Up to 2 characters. */
  location: string;
  /** 3 characters. */
  channel: string;
}

/** Thrown by `SourceId.parse` for text that is not an FDSN source identifier. */
export class SourceIdError extends CodedError<"INVALID_SOURCE_ID"> {}

const PREFIX = "FDSN:";

/** SEED network codes that are given to one deployment after another. */
const TEMPORARY_NETWORK = /^[0-9XYZ][A-Z0-9]$/;

/** A SEED network code that was given to one deployment after another: `XA` of 2002 is `XA2002`. */
const TRANSITIONAL_NETWORK = /^([0-9XYZ][A-Z0-9])\d{4}$/;

const CODES = [
  ["network", /^[A-Z0-9]{1,8}$/, "1 to 8 of A-Z and 0-9"],
  ["station", /^[A-Z0-9-]{1,8}$/, "1 to 8 of A-Z, 0-9 and -"],
  ["location", /^(?!--$)[A-Z0-9-]{0,8}$/, "at most 8 of A-Z, 0-9 and -, and not --"],
  ["band", /^[A-Z0-9]*$/, "of A-Z and 0-9"],
  ["source", /^[A-Z0-9]+$/, "at least one of A-Z and 0-9"],
  ["subsource", /^[A-Z0-9]*$/, "of A-Z and 0-9"],
] as const;

/** A source identifier: an immutable value. Compare two by their `text`. */
export class SourceId {
  /** The identifier as it was written. */
  readonly text: string;
  #codes: readonly string[] | undefined;

  /** Takes any text, never throws: see `problems()`. */
  constructor(text: string) {
    this.text = text;
  }

  /**
   * Text that must be an FDSN source identifier of a network, station, location or channel.
   * @throws SourceIdError `INVALID_SOURCE_ID`, naming what breaks the specification.
   */
  static parse(text: string): SourceId {
    const id = new SourceId(text);
    const [problem] = id.problems();
    if (problem !== undefined) throw new SourceIdError("INVALID_SOURCE_ID", problem);
    return id;
  }

  /** The identifier itself, or one of the given text (any text). */
  static from(id: SourceId | string): SourceId {
    return typeof id === "string" ? new SourceId(id) : id;
  }

  /**
   * From the codes of SEED. Spaces around them are padding; location `--` means an empty one. A channel of three
   * characters becomes band, source and subsource, each where it stands: a blank is an empty code, an underscore is itself, so
   * that `toNslc` gives the same three back. A longer one that has underscores is taken to be the three codes already.
   * Never throws: odd codes make an odd identifier.
   * @param startYear of a temporary network (its code begins with a digit, X, Y or Z), to tell it from others that have had
   *   the code: `XA` of 2002 becomes `XA2002`
   */
  static fromNslc(nslc: Nslc, startYear?: number): SourceId {
    const location = nslc.location.trim();
    const network = nslc.network.trim();
    const isTemporary = startYear !== undefined && TEMPORARY_NETWORK.test(network);
    const codes = [
      isTemporary ? network + String(startYear).padStart(4, "0") : network,
      nslc.station.trim(),
      location === "--" ? "" : location,
      channelCodes(nslc.channel),
    ];
    return new SourceId(PREFIX + codes.join("_"));
  }

  /** Network code: `""` where the identifier has none. */
  get network(): string {
    return this.#code(0);
  }

  /** Station code: `""` where the identifier has none. */
  get station(): string {
    return this.#code(1);
  }

  /** Location code: often `""`. */
  get location(): string {
    return this.#code(2);
  }

  /** Band code: `""` where the identifier has none. */
  get band(): string {
    return this.#code(3);
  }

  /** Source code: `""` where the identifier has none. */
  get source(): string {
    return this.#code(4);
  }

  /** Subsource code: `""` where the identifier has none. */
  get subsource(): string {
    return this.#code(5);
  }

  /** Channel as SEED writes it, `BHZ`, or with underscores where a code is not one character long: `B_HX_Z`. `""` if none. */
  get channel(): string {
    if (this.level !== "channel") return "";
    const { band, source, subsource } = this;
    const seed = band.length === 1 && source.length === 1 && subsource.length === 1;
    return seed ? band + source + subsource : `${band}_${source}_${subsource}`;
  }

  /** What the identifier names, by the number of its codes; `undefined` for text that is not an FDSN identifier. */
  get level(): "network" | "station" | "location" | "channel" | undefined {
    switch (this.#parts().length) {
      case 1:
        return "network";
      case 2:
        return "station";
      case 3:
        return "location";
      case 6:
        return "channel";
      default:
        return undefined;
    }
  }

  /**
   * The codes as SEED has them, or `undefined` where SEED has no place for them: not a channel, or a code too long for
   * miniSEED 2 (2, 5, 2 and 3 characters). The network of a transitional id, `XA2002`, becomes `XA`. The channel has three
   * characters, blank where a code is empty: `BH ` and ` HZ` are two channels. Spaces around another code are padding, and `--`
   * is an empty location: an odd identifier may have them.
   */
  toNslc(): Nslc | undefined {
    const { band, source, subsource } = this;
    const [network, station, code] = [this.network.trim(), this.station.trim(), this.location.trim()];
    const location = code === "--" ? "" : code;
    const codes = [band, source, subsource];
    const channel = codes.every(({ length }) => length <= 1)
      ? codes.map((code) => code || " ").join("")
      : this.channel;
    const seedNetwork = TRANSITIONAL_NETWORK.exec(network)?.[1] ?? network;
    const fits =
      this.level === "channel" &&
      seedNetwork.length <= 2 &&
      station.length <= 5 &&
      location.length <= 2 &&
      channel.length <= 3;
    return fits ? { network: seedNetwork, station, location, channel } : undefined;
  }

  /** What the specification objects to, a sentence each; empty for a valid identifier. */
  problems(): string[] {
    const shown = JSON.stringify(this.text.length > 80 ? `${this.text.slice(0, 80)}…` : this.text);
    if (!this.text.startsWith(PREFIX)) return [`source identifier ${shown} does not begin with FDSN:`];
    const parts = this.#parts();
    if (this.level === undefined) {
      return [`source identifier ${shown} has ${parts.length} codes between underscores: a channel has 6`];
    }
    const problems: string[] = [];
    for (const [i, [name, allowed, rule]] of CODES.entries()) {
      const code = parts[i];
      if (code !== undefined && !allowed.test(code)) {
        problems.push(`${name} code ${JSON.stringify(code)} in ${shown} is not ${rule}`);
      }
    }
    return problems;
  }

  /** The identifier as it was written. */
  toString(): string {
    return this.text;
  }

  /** In JSON it is its text. */
  toJSON(): string {
    return this.text;
  }

  #code(index: number): string {
    return this.level === undefined ? "" : (this.#parts()[index] ?? "");
  }

  #parts(): readonly string[] {
    this.#codes ??= splitCodes(this.text);
    return this.#codes;
  }
}

/** Codes of an FDSN identifier; further namespaces before them, `FDSN:AGENCY:…`, are passed over. No codes for other text. */
function splitCodes(text: string): string[] {
  if (!text.startsWith(PREFIX)) return [];
  const firstCode = text.indexOf("_");
  const namespaces = firstCode < 0 ? text : text.slice(0, firstCode);
  const codes = text.slice(namespaces.lastIndexOf(":") + 1).split("_");
  if (codes.length <= 6) return codes;
  const channel = CODES_WITH_UNDERSCORE.exec(codes.slice(3).join("_"));
  return channel
    ? [...codes.slice(0, 3), ...channel.slice(1).map((code) => code.replace(BLANK, " "))]
    : codes;
}

/** Three codes of one character each, underscores among them: `B`, `_` and `Z` are `B___Z`. */
const CODES_WITH_UNDERSCORE = /^(%20|.)_(%20|.)_(%20|.)$/su;

/** A blank beside an underscore: left out, nothing would tell which of the two stands where. */
const BLANK = "%20";

function channelCodes(channel: string): string {
  // Not trimmed: in a channel of three characters the place of each one counts, a blank one is an empty code.
  if (channel.length !== 3) return channel.trim();
  const blank = channel.includes("_") ? BLANK : "";
  return Array.from(channel, (character) => (character === " " ? blank : character)).join("_");
}

/** The band letters by sample rate in Hz, descending: `[at least, corner period ≥ 10 s, corner period < 10 s]`. */
const BANDS: readonly (readonly [number, string, string])[] = [
  [5000, "J", "J"],
  [1000, "F", "G"],
  [250, "C", "D"],
  [80, "H", "E"],
  [10, "B", "S"],
  [1.05, "M", "M"],
  [0.95, "L", "L"],
  [0.1, "V", "V"],
  [0.01, "U", "U"],
  [0.001, "W", "W"],
  [0.0001, "R", "R"],
  [0.00001, "P", "P"],
  [0.000001, "T", "T"],
];

/**
 * The band code of FDSN Source Identifiers 1.0 for a sample rate in Hz and, where it matters, the corner period of the
 * instrument in seconds (default: long, a broadband). `I` (irregular) for a rate that is not a positive number.
 */
export function bandCode(sampleRate: number, cornerPeriod = Number.POSITIVE_INFINITY): string {
  if (!(sampleRate > 0)) return "I";
  const band = BANDS.find(([lowest]) => sampleRate >= lowest);
  if (!band) return "Q";
  return cornerPeriod >= 10 ? band[1] : band[2];
}
