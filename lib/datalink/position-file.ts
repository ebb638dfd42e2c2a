/** The position of a subscription in a file: {@link PositionFile}. */
import { StateFile } from "../subscription/state-file.ts";
import { isPosition, type Position } from "./protocol/position.ts";

/** Keeps the position of a subscription in a file: `subscribe(url, { checkpoint: new PositionFile(file, onError) })`. */
export class PositionFile extends StateFile<Position> {
  /** `onError` hears of a position that could not be written; the next one is tried again. */
  constructor(file: string, onError: (error: Error) => void) {
    super(file, positionFormat, onError);
  }
}

/** How a position becomes JSON, and comes back. */
export const positionFormat = { write: toJson, read: fromJson };

function toJson(position: Position): object {
  return { ...position, packetId: String(position.packetId) };
}

function fromJson(value: unknown): Position | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { packetId, packetTime, dataEnd } = value as Record<string, unknown>;
  if (typeof packetId !== "string" || !/^\d{1,20}$/.test(packetId)) return undefined;
  const position = {
    packetId: BigInt(packetId),
    packetTime: microseconds(packetTime),
    dataEnd: microseconds(dataEnd),
  };
  return isPosition(position) ? position : undefined;
}

function microseconds(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}
