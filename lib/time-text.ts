/**
 * Times as ISO 8601 text, as they are written and read for every packet: the texts of seconds are kept, since those of packets that
 * come together are the same few, and text in the form that packets' times have is read without expressions and large numbers.
 */

const DAY_SECONDS = 86_400;

/** Digits of numbers below 100 and below 1000, with zeros in front. */
const TWO_DIGITS = Array.from({ length: 100 }, (_, i) => String(i).padStart(2, "0"));
const THREE_DIGITS = Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, "0"));
const THREE_DIGITS_Z = THREE_DIGITS.map((digits) => `${digits}Z`);

/** Seconds whose texts are kept: a power of two, each second has its place. */
const KEPT = 256;
const keptSeconds = new Float64Array(KEPT).fill(Number.NaN);
const keptTexts = new Array<string>(KEPT).fill("");
let keptDay = Number.NaN;
let dayText = "";

/** `2026-11-22T06:19:29` of a whole second since 1970 that a `Date` can have. */
export function secondText(second: number): string {
  const place = second & (KEPT - 1);
  return keptSeconds[place] === second ? keptTexts[place]! : keep(second, place);
}

function keep(second: number, place: number): string {
  const day = Math.floor(second / DAY_SECONDS);
  if (day !== keptDay) {
    dayText = new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, -"00:00:00.000Z".length);
    keptDay = day;
  }
  const ofDay = second - day * DAY_SECONDS;
  const hour = TWO_DIGITS[Math.floor(ofDay / 3600)];
  const minute = TWO_DIGITS[Math.floor(ofDay / 60) % 60];
  const text = `${dayText}${hour}:${minute}:${TWO_DIGITS[ofDay % 60]}`;
  keptSeconds[place] = second;
  keptTexts[place] = text;
  return text;
}

/** `.804015Z`, of whole microseconds below a million. */
export function microsecondsText(microseconds: number): string {
  const milliseconds = Math.floor(microseconds / 1000);
  return `.${THREE_DIGITS[milliseconds]!}${THREE_DIGITS_Z[microseconds - milliseconds * 1000]!}`;
}

const TEXT_LENGTH = "2026-11-22T06:19:29.804015Z".length;
const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
/** The days that the proleptic Gregorian calendar counts from 1 January of the year 0 to that of 1970. */
const DAYS_TO_1970 = 719_528;

/**
 * The microseconds since 1970 of text in exactly the form `2026-11-22T06:19:29.804015Z`; `undefined` of any other text, which may
 * be a time all the same, of dates that the calendar does not have, and of times that a number cannot have exactly.
 */
export function readMicroseconds(text: string): number | undefined {
  if (text.length !== TEXT_LENGTH || !hasSeparators(text)) return undefined;
  const days = readDays(text);
  const hour = digits(text, 11, 13);
  const minute = digits(text, 14, 16);
  const second = digits(text, 17, 19);
  const fraction = digits(text, 20, 26);
  // NaN, where something is not digits, is not below anything.
  if (!(hour < 24 && minute < 60 && second < 60 && fraction >= 0)) return undefined;
  const time = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1e6 + fraction;
  return Number.isSafeInteger(time) ? time : undefined;
}

function hasSeparators(text: string): boolean {
  return (
    text.charCodeAt(4) === 0x2d &&
    text.charCodeAt(7) === 0x2d &&
    text.charCodeAt(10) === 0x54 &&
    text.charCodeAt(13) === 0x3a &&
    text.charCodeAt(16) === 0x3a &&
    text.charCodeAt(19) === 0x2e &&
    text.charCodeAt(26) === 0x5a
  );
}

/** Days since 1970 of a date at the beginning of the text; `NaN` where it is not one. */
function readDays(text: string): number {
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 7);
  const day = digits(text, 8, 10);
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1)) return Number.NaN;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const before = DAYS_BEFORE_MONTH[month - 1]!;
  const leapDay = isLeap ? 1 : 0;
  if (day > DAYS_BEFORE_MONTH[month]! - before + (month === 2 ? leapDay : 0)) return Number.NaN;
  const leapYears = Math.ceil(year / 4) - Math.ceil(year / 100) + Math.ceil(year / 400);
  return year * 365 + leapYears + before + (month > 2 ? leapDay : 0) + day - 1 - DAYS_TO_1970;
}

/** The number that the characters from `from` to `to` are, `NaN` where they are not all digits. */
function digits(text: string, from: number, to: number): number {
  let number = 0;
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    number = number * 10 + digit;
  }
  return number;
}
