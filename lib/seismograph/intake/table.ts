/** Tables as FDSN web services write them with `format=text`: a line of names behind `#`, and columns separated by `|`. */

/** Characters and rows of a table that are read. */
const MOST_TEXT = 8 * 1024 * 1024;
const MOST_ROWS = 5000;

/** The rows by the names of their columns; undefined where the text is not a table whose first column has this name. */
export function tableOf(text: string, first: string): Record<string, string>[] | undefined {
  const [header = "", ...lines] = text.slice(0, MOST_TEXT).split(/\r?\n/, MOST_ROWS + 1);
  const names = header
    .replace(/^#/, "")
    .split("|")
    .map((name) => name.trim());
  if (!header.startsWith("#") || names[0] !== first) return undefined;
  return lines
    .filter((line) => line.includes("|") && !line.startsWith("#"))
    .map((line) => {
      const cells = line.split("|", names.length);
      return Object.fromEntries(names.map((name, i) => [name, (cells[i] ?? "").trim()]));
    });
}
