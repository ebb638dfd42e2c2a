/** The fields of what a dialog asks: text of some length, or nothing. */
import { SettingError } from "../settings.ts";

/** Characters that a dialog may send for one of its fields. */
const MAX_FIELD = 8192;

/** @throws SettingError for a field that is longer than any dialog makes it. */
export function textIn(fields: unknown, name: string, limit = MAX_FIELD): string | undefined {
  const value = (fields as Record<string, unknown> | null | undefined)?.[name];
  if (typeof value !== "string") return undefined;
  if (value.length <= limit) return value;
  throw new SettingError("INVALID_SETTING", `${name} is longer than ${limit} characters: shorten it.`);
}
