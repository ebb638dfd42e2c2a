/** Other codes and another quality for records: what `mseed convert` stamps them with. */
import type { MiniSeedRecord } from "../../mseed/index.ts";
import { publicationVersionOf } from "../../mseed/v2/quality.ts";
import { SourceId } from "../../source-id.ts";
import { type OptionDefinition, usageError } from "../command.ts";

/** The options of a command that stamps records. */
export const RESTAMP_OPTIONS = {
  network: { type: "string", value: "CODE", help: "another network code" },
  station: { type: "string", value: "CODE", help: "another station code" },
  location: { type: "string", value: "CODE", help: 'another location code, "" for none' },
  channel: { type: "string", value: "CODE", help: "another channel code: BHZ, or B_HX_Z" },
  publication: { type: "string", value: "NUMBER", help: "another publication version, 0 to 255" },
  quality: { type: "string", value: "LETTER", help: "the same as miniSEED 2 has it: R 1, D 2, Q 3, M 4" },
} as const satisfies Record<string, OptionDefinition>;

type RestampOptions = { [Name in keyof typeof RESTAMP_OPTIONS]?: string };

/** What is stamped on a record; nothing where it stays as it is. */
export interface Stamp {
  sourceId?: SourceId;
  publicationVersion?: number;
}

const CODE_RULES = {
  network: /^[A-Za-z0-9]{1,8}$/,
  station: /^[A-Za-z0-9-]{1,8}$/,
  location: /^[A-Za-z0-9-]{0,8}$/,
  channel: /^(?:[A-Za-z0-9]{3}|[A-Za-z0-9]*_[A-Za-z0-9]+_[A-Za-z0-9]*)$/,
};

/**
 * What the options stamp records with; `undefined` where none is given.
 * @throws CommandError for what is not a code, number or quality
 */
export function restamp(options: RestampOptions): ((record: MiniSeedRecord) => Stamp) | undefined {
  const publicationVersion = versionOption(options);
  const codes = codesOption(options);
  if (Object.keys(codes).length === 0 && publicationVersion === undefined) return undefined;
  return (record) => ({
    ...(publicationVersion === undefined ? {} : { publicationVersion }),
    ...(Object.keys(codes).length === 0 ? {} : { sourceId: withCodes(record, codes) }),
  });
}

type Codes = Partial<Record<keyof typeof CODE_RULES, string>>;

function codesOption(options: RestampOptions): Codes {
  const codes: Codes = {};
  for (const [name, rule] of Object.entries(CODE_RULES) as [keyof typeof CODE_RULES, RegExp][]) {
    const text = options[name];
    if (text === undefined) continue;
    if (!rule.test(text)) throw usageError(`--${name} ${JSON.stringify(text)} is not a ${name} code`);
    codes[name] = text === "--" ? "" : text;
  }
  return codes;
}

function withCodes({ sourceId, nslc }: MiniSeedRecord, codes: Codes): SourceId {
  const { network, station, location } = sourceId;
  // A source id that has the form of one keeps what is not replaced, as it has it; of others the codes are all there is.
  const known =
    sourceId.level === "channel" ? { network, station, location, channel: sourceId.channel } : nslc;
  return SourceId.fromNslc({ ...known, ...codes });
}

function versionOption({ publication, quality }: RestampOptions): number | undefined {
  if (publication !== undefined && quality !== undefined) {
    throw usageError("--publication and --quality say the same: give one");
  }
  if (quality !== undefined) {
    const version = quality.length === 1 ? publicationVersionOf(quality.toUpperCase()) : 0;
    if (version === 0) throw usageError(`--quality ${quality}: there are R, D, Q and M`);
    return version;
  }
  if (publication === undefined) return undefined;
  if (!/^\d{1,3}$/.test(publication) || Number(publication) > 255) {
    throw usageError(`--publication ${publication}: give a number from 0 to 255`);
  }
  return Number(publication);
}
