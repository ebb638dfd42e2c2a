// A SeedLink session without sockets: what depends on the clock, and lines in any pieces.
import assert from "node:assert/strict";
import fc from "fast-check";
import { LineReader, MAX_COMMAND_LINE } from "../../lib/seedlink/protocol/server/line-reader.ts";
import { parseRequest } from "../../lib/seedlink/protocol/server/requests.ts";
import { Access } from "../../lib/server/access/access.ts";
import { LoginLimiter } from "../../lib/server/access/login-limiter.ts";
import type { ServerContext } from "../../lib/server/context.ts";
import type { DataLinkServerEvent } from "../../lib/server/events.ts";
import { Ring } from "../../lib/server/ring/ring.ts";
import { WriteBuffers } from "../../lib/server/ring/write-buffers.ts";
import { Scheduler } from "../../lib/server/scheduler.ts";
import { Conversions } from "../../lib/server/seedlink/conversions.ts";
import { SeedLinkSession } from "../../lib/server/seedlink/session.ts";
import { Traffic } from "../../lib/server/traffic.ts";
import "../support/properties.ts";
import { numbersOf } from "./seedlink-peer.ts";
import { words } from "./seedlink-words.ts";

const DAY = 86_400_000_000;

/** A test of a property, with its inputs. */
function property<Inputs extends [unknown, ...unknown[]]>(
  title: string,
  ...args: [
    ...arbitraries: { [I in keyof Inputs]: fc.Arbitrary<Inputs[I]> },
    check: (...inputs: Inputs) => void,
  ]
): void {
  const arbitraries = args.slice(0, -1) as { [I in keyof Inputs]: fc.Arbitrary<Inputs[I]> };
  const check = args.at(-1) as (...inputs: Inputs) => void;
  it(title, () => fc.assert(fc.property(...arbitraries, check)));
}

/** A session and what it has sent. */
function session(access = new Access({ rules: [{ from: "127.0.0.1" }] })) {
  const ring = new Ring({ ringBytes: 1 << 20, packetSize: 512 });
  const events: DataLinkServerEvent[] = [];
  const tell = (event: DataLinkServerEvent) => void events.push(event);
  const context = {
    ring,
    access,
    logins: new LoginLimiter(),
    scheduler: new Scheduler(new Set(), () => {}),
    seedLink: {
      version: "SeedLink v4.0 (Test/1)",
      organization: "Test",
      protocol3: "convert",
      conversions: new Conversions(ring, tell),
    },
    sent: new Traffic(),
    received: new Traffic(),
    tell,
  } as unknown as ServerContext;
  const sent: Buffer[] = [];
  const peer = { address: "127.0.0.1", port: 1 };
  const own = new SeedLinkSession(
    context,
    peer,
    access.ofAddress("127.0.0.1")!,
    (...parts) => sent.push(...parts),
    false,
  );
  const run = (...lines: string[]) => {
    own.push(Buffer.from(lines.map((line) => `${line}\r\n`).join("")));
    for (let more = own.handleNext(false); more !== "idle"; more = own.handleNext(false)) {
      if (more && "next" in more) while (!more.next().done);
    }
  };
  const take = () => {
    const room = {
      maxBytes: 1 << 17,
      until: Number.POSITIVE_INFINITY,
      prefix: undefined,
      buffers: new WriteBuffers(),
    };
    sent.push(Buffer.from(own.takePackets(room).bytes));
  };
  return { own, ring, run, take, sent: () => words(Buffer.concat(sent)) };
}

describe("a SeedLink session", () => {
  const isoTime = (microseconds: number) => new Date(microseconds / 1000).toISOString();

  /** A packet that lies in the window, and none behind it. */
  function withWindow(endsAgo: number) {
    const it = session();
    const now = Date.now() * 1000;
    const start = now - endsAgo - 1_000_000;
    it.ring.append("FDSN:XX_A_00_B_H_Z/MSEED", start, start + 1000, Buffer.alloc(100, 0x20));
    const window = `${isoTime(start - 1_000_000)} ${isoTime(now - endsAgo)}`;
    it.run("SLPROTO 4.0", "STATION XX_*", `DATA ALL ${window}`, "END");
    it.take();
    return it;
  }

  /** So many seconds later, by both clocks; the wall clock may have been set besides. */
  const expires = ({ own }: ReturnType<typeof session>, seconds: number, step = 0) =>
    own.expire(Date.now() / 1000 + seconds + step, performance.now() + seconds * 1000);

  it("ends a window that has ended by the clock when nothing has come for a minute", () => {
    const it = withWindow(DAY);
    const { own, take, sent } = it;
    assert.deepEqual([own.streaming, sent().length], [true, 4]);
    assert.equal(expires(it, 50), false);
    assert.equal(expires(it, 50, 3600), false, "the wall clock was set ahead by an hour");
    assert.equal(expires(it, 70, -3600), true, "and back");
    take();
    assert.equal(sent().at(-1), "END");
    assert.deepEqual([own.streaming, own.ended], [false, true]);
  });

  it("does not end one whose end lies in the future, or that has no end", () => {
    const future = withWindow(-DAY);
    assert.equal(expires(future, 3600), false);
    const other = session();
    other.run("STATION * *", "TIME 2020,01,01,00,00,00", "END");
    assert.equal(expires(other, 3600), false);
    assert.ok(future.own.streaming && other.own.streaming);
  });

  it("handles nothing more of a client that is gone", () => {
    const { own, sent } = session();
    own.push(Buffer.from("HELLO\r\nINFO ID\r\n"));
    while (own.handleNext(true) !== "idle");
    assert.deepEqual(sent(), []);
  });

  property(
    "takes any bytes for lines, and answers",
    fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 40 }),
    (pieces) => {
      const { own } = session();
      for (const piece of pieces) {
        own.push(Buffer.from(piece));
        for (let more = own.handleNext(false); more !== "idle" && !own.ended; more = own.handleNext(false)) {
          if (more && "next" in more) while (!more.next().done);
        }
        if (own.ended) return;
      }
    },
  );

  const word = fc.oneof(
    fc.constantFrom(
      "*",
      "XX_A",
      "!*_B_H_Z",
      "BHZ",
      "*.2D:3",
      "ALL",
      "0",
      "0x1A",
      "2024,02,03",
      "2024-02-03T00:00:00Z",
      "USERPASS",
      "JWT",
    ),
    fc.string({ maxLength: 12 }),
  );
  const COMMANDS = [
    "HELLO",
    "SLPROTO 4.0",
    "SLPROTO 3.1",
    "STATION",
    "SELECT",
    "DATA",
    "FETCH",
    "TIME",
    "INFO",
    "AUTH",
    "BATCH",
    "USERAGENT",
  ];
  property(
    "answers every line of known commands with any arguments",
    fc.array(fc.tuple(fc.constantFrom(...COMMANDS), fc.array(word, { maxLength: 4 })), { maxLength: 12 }),
    (lines) => {
      for (const protocol of [3, 4] as const) {
        for (const [command, values] of lines) {
          const line = [command, ...values].join(" ").replace(/[\r\n]/g, "");
          const request = parseRequest(line, protocol);
          assert.notEqual(request, undefined);
        }
      }
    },
  );

  property(
    "reads the same lines in whatever pieces they come",
    fc.array(fc.constantFrom("HELLO", "DATA 1", "STATION A B", " x ", ""), { maxLength: 10 }),
    fc.array(fc.nat(12), { maxLength: 60 }),
    fc.constantFrom("\r\n", "\r", "\n"),
    (lines, cuts, lineEnd) => {
      const bytes = Buffer.from(lines.map((line) => line + lineEnd).join(""));
      const reader = new LineReader();
      const read: string[] = [];
      let at = 0;
      for (const cut of [...cuts, bytes.length]) {
        reader.push(bytes.subarray(at, at + cut));
        at = Math.min(bytes.length, at + cut);
        for (let line = reader.next(); line !== undefined; line = reader.next()) read.push(line);
      }
      assert.deepEqual(
        read,
        lines.map((line) => line.trim()).filter((line) => line !== ""),
      );
      assert.equal(reader.buffered, 0);
    },
  );

  /** What is asked for, as commands of protocol 4 say it. */
  interface Asked {
    station: string;
    selectors: string[];
    from: number | "ALL" | undefined;
  }

  const STATIONS = ["XX_A", "XX_B", "YY_A"];
  const STREAMS = ["00_B_H_Z", "_B_H_Z", "10_L_O_G"];
  const asked: fc.Arbitrary<Asked> = fc.record({
    station: fc.constantFrom("XX_A", "XX_B", "XX_*", "*_A", "*", "?Y_?"),
    selectors: fc.array(fc.constantFrom("*_B_H_Z", "_*", "!00_*", "!*_L_?_G", "??_*"), { maxLength: 3 }),
    from: fc.oneof(fc.constantFrom("ALL" as const, undefined), fc.nat(25)),
  });

  /** A pattern as a regular expression. */
  function fits(pattern: string, text: string): boolean {
    const expression = pattern.replace(/[*?]/g, (wild) => (wild === "*" ? ".*" : "."));
    return new RegExp(`^${expression}$`).test(text);
  }

  /** Whether a packet is one of those asked for, said as simply as it can be. */
  function isAsked(
    all: Asked[],
    station: string,
    stream: string,
    number: number,
    oldest: number,
    newest: number,
  ): boolean {
    const first = all.find((one) => fits(one.station, station));
    return all
      .filter((one) => one.station === first?.station)
      .some(({ selectors, from }) => {
        const positive = selectors.filter((selector) => !selector.startsWith("!"));
        const negative = selectors.filter((selector) => selector.startsWith("!"));
        if (positive.length > 0 && !positive.some((selector) => fits(selector, stream))) return false;
        if (negative.some((selector) => fits(selector.slice(1), stream))) return false;
        if (from === undefined) return false;
        const isKnown = from !== "ALL" && from >= oldest && from <= newest + 1;
        return isKnown ? number >= from : true;
      });
  }

  property(
    "sends what was asked for, whatever that is",
    fc.array(fc.tuple(fc.nat(2), fc.nat(2)), { minLength: 1, maxLength: 20 }),
    fc.array(asked, { minLength: 1, maxLength: 4 }),
    fc.integer({ min: 1, max: 8 }),
    (packets, all, oldest) => {
      const { ring, run, take, sent } = session();
      const names = packets.map(([station, stream]) => [STATIONS[station]!, STREAMS[stream]!] as const);
      for (const [i, [station, stream]] of names.entries())
        ring.append(`FDSN:${station}_${stream}/MSEED`, i, i, Buffer.alloc(64, 0x20), BigInt(oldest + i));
      run("SLPROTO 4.0");
      for (const { station, selectors, from } of all) {
        run(`STATION ${station}`, ...selectors.map((selector) => `SELECT ${selector}`), `DATA ${from ?? ""}`);
      }
      run("ENDFETCH");
      take();
      const newest = oldest + packets.length - 1;
      const expected = names.flatMap(([station, stream], i) =>
        isAsked(all, station, stream, oldest + i, oldest, newest) ? [oldest + i] : [],
      );
      assert.deepEqual(numbersOf(sent()), expected);
      assert.equal(sent().at(-1), "END");
    },
  );

  it("refuses a line that is longer than any", () => {
    const reader = new LineReader();
    reader.push(Buffer.alloc(MAX_COMMAND_LINE - 1, 0x41));
    assert.equal(reader.next(), undefined);
    reader.push(Buffer.from("A"));
    assert.throws(() => reader.next(), { code: "PROTOCOL" });
  });
});
