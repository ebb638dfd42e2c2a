/** What a viewer has chosen, as the part of the address behind `#`: a link shows the other the same picture. Pure. */

/** A span of time in the zoom strip: microseconds since 1970. */
export interface ZoomSpan {
  from: number;
  to: number;
}

/** What has been chosen; what is missing is as the page proposes it. */
export interface PageState {
  /** Key of the band view. */
  view?: string;
  /** Drum: hours shown. */
  hours?: number;
  /** Drum: minutes of a line. */
  line?: number;
  /** Steps by which the viewer has made the trace larger, each a factor of √2. */
  gain?: number;
  /** Half a line, or half a row, in the units of the channel: held instead of judged. */
  fixed?: number;
  /** Drum: each column about its own middle, which removes slow motion. */
  centred?: true;
  /** Drum: labels on the right in local time. */
  local?: true;
  /** Live: seconds shown. */
  seconds?: number;
  /** Live: which rows have a common scale; each has its own where nothing is said. */
  scale?: "station" | "all";
  /** Live: by distance from the newest event instead of by name. */
  order?: "distance";
  /** Live: a spectrogram under each row. */
  spectrogram?: true;
  /** Live: the channels shown; all where nothing is said. */
  channels?: string[];
  /** Drum: the strip below. */
  zoom?: ZoomSpan;
  theme?: "light" | "dark";
  lang?: string;
}

export const LINE_MINUTES = [5, 10, 15, 20, 30, 60, 120] as const;
export const DRUM_HOURS = [2, 6, 12, 24, 48, 72, 168] as const;
export const LIVE_SECONDS = [30, 60, 120, 300, 600, 1800, 3600] as const;

/** Most steps of gain: a factor of a million. */
export const MOST_GAIN = 40;
/** Most that can be read of an address, in characters: longer ones are not ours. */
const MOST_TEXT = 20_000;
const MOST_CHANNELS = 200;
const MOST_KEY = 64;
/** Farthest time a span may name: the year 9999. */
const LAST_TIME = 253_402_300_799_999_000;
/** A channel as addresses and menus have it: `XX_DEMO_00_H_H_Z`. */
const CHANNEL = /^[\w.:%-]{1,100}$/;

type Reader = (text: string) => PageState;

/** How each word of an address is read; what it cannot mean is passed over. */
const READERS: Record<string, Reader> = {
  view: (text) => (text !== "" && text.length <= MOST_KEY ? { view: text } : {}),
  hours: (text) => among(DRUM_HOURS, text, (hours) => ({ hours })),
  line: (text) => among(LINE_MINUTES, text, (line) => ({ line })),
  gain: (text) => {
    const gain = Number(text);
    return Number.isInteger(gain) && gain !== 0 && Math.abs(gain) <= MOST_GAIN ? { gain } : {};
  },
  fixed: (text) => {
    const fixed = Number(text);
    return fixed > 0 && Number.isFinite(fixed) ? { fixed } : {};
  },
  centred: (text) => (text === "1" ? { centred: true } : {}),
  local: (text) => (text === "1" ? { local: true } : {}),
  seconds: (text) => among(LIVE_SECONDS, text, (seconds) => ({ seconds })),
  scale: (text) => (text === "station" || text === "all" ? { scale: text } : {}),
  order: (text) => (text === "distance" ? { order: text } : {}),
  spectrogram: (text) => (text === "1" ? { spectrogram: true } : {}),
  channels: (text) => {
    const channels = text.split(",").filter((channel) => CHANNEL.test(channel));
    return channels.length > 0 ? { channels: channels.slice(0, MOST_CHANNELS) } : {};
  },
  zoom: (text) => {
    const [from, to] = text.split("/", 2).map(Date.parse);
    if (!(from! < to!)) return {};
    const zoom = { from: from! * 1000, to: to! * 1000 };
    return zoom.from >= 0 && zoom.to <= LAST_TIME ? { zoom } : {};
  },
  theme: (text) => (text === "light" || text === "dark" ? { theme: text } : {}),
  lang: (text) => (/^[A-Za-z]{2,3}(?:-[A-Za-z]{2,4})?$/.test(text) ? { lang: text } : {}),
};

function among<Choice extends number>(
  choices: readonly Choice[],
  text: string,
  state: (choice: Choice) => PageState,
): PageState {
  const choice = choices.find((each) => String(each) === text);
  return choice === undefined ? {} : state(choice);
}

/** Reads what stands behind `#` (with it or without). Never throws: what it doesn't understand it leaves out. */
export function readState(hash: string): PageState {
  if (hash.length > MOST_TEXT) return {};
  const state: PageState = {};
  for (const [name, text] of new URLSearchParams(hash.replace(/^#/, "")))
    if (Object.hasOwn(READERS, name)) Object.assign(state, READERS[name]!(text));
  return state;
}

/** The state as text behind `#`, without it; `""` where all is as proposed. `readState` gives the same state back. */
export function writeState(state: PageState): string {
  const words = Object.keys(READERS).flatMap((name) => {
    const value = state[name as keyof PageState];
    return value === undefined ? [] : [`${name}=${written(value)}`];
  });
  return words.join("&");
}

function written(value: NonNullable<PageState[keyof PageState]>): string {
  if (value === true) return "1";
  if (Array.isArray(value)) return value.map(encodeURIComponent).join(",");
  if (typeof value === "object") return `${iso(value.from)}/${iso(value.to)}`;
  return encodeURIComponent(value);
}

/** A time as addresses have it: to the millisecond, which is what `Date` keeps. */
const iso = (microseconds: number): string => new Date(Math.floor(microseconds / 1000)).toISOString();

/** What of a state goes along from one page to the other: how it looks and is filtered, not where one had looked. */
export function carriedState({ view, theme, lang }: PageState): PageState {
  return definedOnly({ view, theme, lang });
}

/** A state without what is undefined. */
export function definedOnly(state: { [Key in keyof PageState]: PageState[Key] | undefined }): PageState {
  return Object.fromEntries(Object.entries(state).filter(([, value]) => value !== undefined)) as PageState;
}
