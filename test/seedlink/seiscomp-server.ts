/**
 * A server that behaves as SeisComP's seedlink was seen to: protocol 3, one answer for several commands in one segment, a
 * number for each station, ERROR for stations that it does not know, no line end behind nothing. And it can be told to
 * behave worse.
 */
import { once } from "node:events";
import net from "node:net";

export interface Station {
  /** Number of the first record. */
  first: number;
  records: Buffer[];
}

export interface Habits {
  /** Answers instead of its own, by the first word of the command. */
  answers?: Record<string, string | Buffer>;
  hello?: string;
}

export class SeisCompServer implements AsyncDisposable {
  readonly stations = new Map<string, Station>();
  /** Every command, each connection's behind one another. */
  readonly commands: string[] = [];
  habits: Habits = {};
  /** Segments that had more than one command in them. */
  pipelined = 0;
  #onCommand: (() => void) | undefined;
  readonly #server = net.createServer((socket) => this.#serve(socket));
  readonly #sockets = new Set<net.Socket>();
  /** Who is streaming, and which stations. */
  readonly #streaming = new Map<net.Socket, Set<string>>();

  static async start(): Promise<SeisCompServer> {
    const server = new SeisCompServer();
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get url(): string {
    return `seedlink://127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`;
  }

  /** A new record of a station, sent at once to those who read it. */
  push(name: string, record: Buffer): void {
    const station = this.stations.get(name)!;
    const number = station.first + station.records.push(record) - 1;
    for (const [socket, stations] of this.#streaming) {
      if (!stations.has(name)) continue;
      socket.write(`SL${hex(number)}`);
      socket.write(record);
    }
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, "close");
  }

  /** Resolves when a command has come so many times. */
  async heard(command: string, times: number): Promise<void> {
    while (this.commands.filter((each) => each === command).length < times) {
      await new Promise<void>((resolve) => {
        this.#onCommand = resolve;
      });
    }
  }

  #serve(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#streaming.delete(socket);
    });
    const client = { station: "", begins: new Map<string, string>() };
    socket.on("data", (bytes) => {
      const lines = bytes.toString().split("\r\n").slice(0, -1);
      if (lines.length > 1) this.pipelined++;
      const answers = lines.map((line) => this.#answer(line, client));
      const last = answers.at(-1);
      if (last !== undefined && last.length > 0) socket.write(last);
      if (lines.includes("END")) this.#streaming.set(socket, new Set(client.begins.keys()));
    });
  }

  #answer(line: string, client: { station: string; begins: Map<string, string> }): Buffer {
    this.commands.push(line);
    this.#onCommand?.();
    const [word = "", ...words] = line.split(" ");
    const own = this.habits.answers?.[line] ?? this.habits.answers?.[word];
    if (own !== undefined) return Buffer.from(own as string);
    switch (word) {
      case "HELLO":
        return Buffer.from(`${this.habits.hello ?? "SeedLink v3.3 (2024.020)"}\r\nTest\r\n`);
      case "INFO":
        return this.#info(words[0] ?? "");
      case "STATION": {
        const station = `${words[1]}_${words[0]}`;
        client.station = this.stations.has(station) ? station : "";
        return reply(client.station !== "");
      }
      case "SELECT":
        return reply(client.station !== "" && !line.includes("*") && !line.includes("--"));
      case "DATA":
        if (client.station !== "") client.begins.set(client.station, words[0] ?? "");
        return reply(client.station !== "");
      case "END":
        return Buffer.concat([...client.begins].map(([station, begin]) => this.#data(station, begin)));
      default:
        return reply(word === "BYE");
    }
  }

  #data(name: string, begin: string): Buffer {
    const { first, records } = this.stations.get(name)!;
    // Numbers of 24 bits, counted from the first one's on.
    const asked = (Number.parseInt(begin, 16) - first) & 0xff_ff_ff;
    const offset = asked >= 0x80_00_00 ? asked - 0x1_00_00_00 : asked;
    const skipped =
      begin === "ALL" || (begin !== "" && offset < 0)
        ? 0
        : begin === "" || offset > records.length
          ? records.length
          : offset;
    return Buffer.concat(
      records.slice(skipped).flatMap((record, i) => [Buffer.from(`SL${hex(first + skipped + i)}`), record]),
    );
  }

  #info(item: string): Buffer {
    const stations = [...this.stations].map(([name, { first, records }]) => {
      const [network, station] = name.split("_");
      const streams = item === "STREAMS" ? streamsOf(records) : "";
      return `<station name="${station}" network="${network}" begin_seq="${hex(first)}" end_seq="${hex(first + records.length)}">${streams}</station>`;
    });
    const lists = item === "STATIONS" || item === "STREAMS";
    const xml = Buffer.from(
      `<seedlink software="SeedLink v3.3 (2024.020)" organization="Test">${lists ? stations.join("") : ""}</seedlink>`,
    );
    const pieces: Buffer[] = [];
    for (let at = 0; at < xml.length; at += 448) {
      const record = Buffer.alloc(520);
      const piece = xml.subarray(at, at + 448);
      record.write(`SLINFO ${at + 448 < xml.length ? "*" : " "}000001D        INF`);
      record.writeUInt16BE(piece.length, 8 + 30);
      record.writeUInt16BE(64, 8 + 44);
      piece.copy(record, 8 + 64);
      pieces.push(record);
    }
    return Buffer.concat(pieces);
  }
}

/** By the codes in the records, which are of miniSEED 2. */
function streamsOf(records: Buffer[]): string {
  const codes = new Set(records.map((record) => record.toString("latin1", 13, 18)));
  return [...codes]
    .map((code) => `<stream location="${code.slice(0, 2).trim()}" seedname="${code.slice(2)}" type="D"/>`)
    .join("");
}

function reply(ok: boolean): Buffer {
  return Buffer.from(ok ? "OK\r\n" : "ERROR\r\n");
}

function hex(value: number): string {
  return (value % 0x1000000).toString(16).toUpperCase().padStart(6, "0");
}
