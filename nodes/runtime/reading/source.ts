/** What a protocol adds to a node that reads packets: {@link PacketSource}. */
import type { NodeMessageInFlow } from "node-red";
import type { Checkpoint } from "../../../lib/subscription/checkpoint.ts";
import type { Carrier } from "../../../lib/subscription/packet-queue.ts";
import type { ConnectionEvent } from "../connection-status.ts";

/** A packet of any protocol. */
export interface ReadPacket extends Carrier {
  readonly streamId: string;
}

/** Packets as they come, until they are committed. */
export interface PacketStream<Packet, Position> extends AsyncIterable<Packet> {
  /** Behind the last packet that is committed together with all before it. */
  readonly position: Position | undefined;
  /** How many streams of the server are asked for, where it tells. */
  readonly selectedStreams?: number | undefined;
  commit(packet: Packet): void;
  /** Of a server that hands out packets to several: it was not sent, and is for another. */
  giveBack?(packet: Packet): void;
  close(): Promise<void>;
}

/** Where a position is kept; of a server that keeps it itself, nowhere. */
export interface PositionKeeper<Position> extends Checkpoint<Position> {
  /** Forgets the position. */
  remove(): Promise<void>;
}

/** A message, and the bytes of memory that it takes, roughly. */
export interface SizedMessage {
  message: { [property: string]: unknown; topic: string; payload: unknown };
  bytes: number;
}

/** What a message at the node's input asks for. */
export type Control<From> =
  | { action: "start" | "stop" }
  /** Where to go on from. */
  | { action: "position"; from: From }
  /** Other streams: `choose` makes them those of the next start. */
  | { action: "select"; choose: () => void };

/** The packets of one server, and how they and what happens to them are told. */
export interface PacketSource<Packet extends ReadPacket, Position, From, Event extends ConnectionEvent> {
  /** The server's address, as people may see it. */
  readonly server: string;
  /** Where to begin where there is no position. */
  readonly from: From;
  /** Reads from `from` on, or behind the position that `checkpoint` has. */
  open(
    from: From,
    checkpoint: PositionKeeper<Position>,
    onEvent: (event: Event) => void,
  ): PacketStream<Packet, Position>;
  /** Where the position is kept; `onError` hears of one that could not be written. */
  positionFile(file: string, onError: (error: Error) => void): PositionKeeper<Position>;
  /** A position behind which these packets come again. They are in the order in which they came; `position` is behind all. */
  rewind(position: Position, packets: readonly [Packet, ...Packet[]]): Position;
  /** The message for a packet, a new one each time; `onProblem` hears of a payload that is not what it should be. */
  message(packet: Packet, onProblem: (sentence: string) => void): SizedMessage;
  /** Which packet it is: as properties of a message, and in a sentence, such as `packet 12 of FDSN:…`. */
  identify(packet: Packet): { properties: Record<string, unknown>; name: string };
  /** @throws MessageError saying what is allowed. */
  control(msg: NodeMessageInFlow): Control<From>;
  /** An event in a sentence, and as properties of a message. */
  sentence(event: Event): string;
  details(event: Event): Record<string, unknown>;
  /** Where the server has no stream of those asked for: which they are, in words. */
  selection?(): string;
  /** What else the status says while packets come: values for the text `streaming`. */
  counts?(): Record<string, string | number>;
  /** The text of the status, behind `status.`, where this has ended reading; without one it is `failed`. */
  failure?(error: Error): string | undefined;
  /** The node is stopped for good. */
  release?(): Promise<void>;
  /** Whether there is nothing more to come: of what has an end. */
  readonly isAtEnd?: boolean;
  /** What the status says of a position: empty for nothing. */
  place(position: Position): string;
}
