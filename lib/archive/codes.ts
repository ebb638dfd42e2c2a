/** The codes that a path is made of, from the source id of a packet. */

export interface Codes {
  network: string;
  station: string;
  location: string;
  band: string;
  /** The three letters of SEED, or band, source and subsource with underscores where one is not one letter. */
  channel: string;
}

/**
 * The codes of an FDSN source identifier of a channel, location, station or network, and of the `NET_STA_LOC_CHA` of
 * older servers; `undefined` for other text.
 */
export function codesOf(sourceId: string): Codes | undefined {
  const fdsn = sourceId.startsWith("FDSN:");
  const parts = sourceId.slice(sourceId.lastIndexOf(":") + 1).split("_");
  const [network = "", station = "", location = ""] = parts;
  if (!fdsn) {
    const channel = parts[3] ?? "";
    return parts.length === 4
      ? { network, station, location, band: channel.slice(0, 1), channel }
      : undefined;
  }
  const [band = "", source = "", subsource = ""] = parts.slice(3);
  if (parts.length <= 3) return { network, station, location, band, channel: "" };
  if (parts.length !== 6) return undefined;
  const seed = band.length === 1 && source.length === 1 && subsource.length === 1;
  const channel = seed ? band + source + subsource : `${band}_${source}_${subsource}`;
  return { network, station, location, band, channel };
}
