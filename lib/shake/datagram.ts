/**
 * A datagram of a Raspberry Shake's data cast: `{'EHZ', 1582315130.292, 14168, …}`, the channel, the time of the first sample in
 * seconds since 1970, and samples.
 */
import { CodedError } from "../errors.ts";

/** Samples of one channel; the datagram has no station and no sample rate. */
export interface ShakeDatagram {
  channel: string;
  /** Of the first sample, nanoseconds since 1970. */
  startTime: bigint;
  samples: Int32Array;
}

/**
 * - `BAD_DATAGRAM`: it does not have the form of one; `NO_DATA`: it is one of rsudp's messages, such as ALARM.
 * - `BAD_CHANNEL`, `BAD_TIME`, `BAD_SAMPLE`, `NO_SAMPLES`: a part of it cannot be used.
 */
export type ShakeErrorCode =
  | "BAD_DATAGRAM"
  | "NO_DATA"
  | "BAD_CHANNEL"
  | "BAD_TIME"
  | "BAD_SAMPLE"
  | "NO_SAMPLES";

/** A datagram that cannot be used. */
export class ShakeError extends CodedError<ShakeErrorCode> {}

/** The most that UDP carries. */
const MAX_BYTES = 65_507;
const SHOWN = 40;
/** Ten digits: until the year 2286. */
const TIME = /^(\d{1,10})(?:\.(\d{1,9}))?$/;
const SAMPLE = /^-?\d{1,10}$/;

/** @throws ShakeError naming what cannot be used */
export function readShakeDatagram(bytes: Uint8Array): ShakeDatagram {
  if (bytes.length > MAX_BYTES)
    throw new ShakeError("BAD_DATAGRAM", `a datagram of ${bytes.length} bytes is too long`);
  const text = new TextDecoder().decode(bytes).trim();
  if (/^(TERM|ALARM|RESET)\b/.test(text)) throw new ShakeError("NO_DATA", `${shown(text)} is not data`);
  if (!/^\{.*\}$/s.test(text)) {
    throw new ShakeError(
      "BAD_DATAGRAM",
      `${shown(text)} is not a datagram such as {'EHZ', 1582315130.292, 14168, 14927}`,
    );
  }
  const [name = "", time = "", ...numbers] = text
    .slice(1, -1)
    .split(",")
    .map((part) => part.trim());
  const channel = /^(?:'([A-Z0-9]{3})'|"([A-Z0-9]{3})")$/.exec(name);
  if (!channel)
    throw new ShakeError("BAD_CHANNEL", `${shown(name)} is not a channel of three letters or digits`);
  return { channel: channel[1] ?? channel[2] ?? "", startTime: timeOf(time), samples: samplesOf(numbers) };
}

function timeOf(text: string): bigint {
  const match = TIME.exec(text);
  if (!match) throw new ShakeError("BAD_TIME", `${shown(text)} is not a time in seconds since 1970`);
  const [, seconds = "", fraction = ""] = match;
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0"));
}

function samplesOf(numbers: readonly string[]): Int32Array {
  if (numbers.length === 0) throw new ShakeError("NO_SAMPLES", "the datagram has no samples");
  const samples = new Int32Array(numbers.length);
  for (const [i, text] of numbers.entries()) {
    const value = SAMPLE.test(text) ? Number(text) : Number.NaN;
    samples[i] = value;
    if (samples[i] !== value)
      throw new ShakeError("BAD_SAMPLE", `sample ${i}, ${shown(text)}, is not a 32-bit integer`);
  }
  return samples;
}

function shown(text: string): string {
  return JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
}
