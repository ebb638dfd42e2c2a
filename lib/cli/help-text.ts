/** The text of a help, laid out for a terminal's width. */

/** Narrower than this nothing is told apart any more; lines longer than this are hard to read. */
const NARROWEST = 40;
const WIDEST = 100;
/** What the second column has at least, or else begins on a line of its own. */
const LEAST_RIGHT = 24;
const INDENT = 8;

/** The width to lay out for on a terminal of some width. */
export function helpWidth(columns: number): number {
  return Math.min(Math.max(columns, NARROWEST), WIDEST);
}

/** Paragraphs, broken between words. One with a line that is indented, such as an example, stays as it is. */
export function wrapParagraphs(text: string, width: number): string {
  return text
    .trim()
    .split(/\n{2,}/)
    .map((paragraph) =>
      /^\s/m.test(paragraph) ? paragraph : wrap(paragraph.replace(/\s+/g, " "), width).join("\n"),
    )
    .join("\n\n");
}

/** Names and what they mean, in two columns. */
export function twoColumns(rows: readonly (readonly [string, string])[], width: number): string {
  const left = Math.max(...rows.map(([name]) => name.length));
  const isWide = width - left - 4 >= LEAST_RIGHT;
  const indent = " ".repeat(isWide ? left + 4 : INDENT);
  return rows
    .map(([name, meaning]) => {
      const lines = wrap(meaning, width - indent.length).join(`\n${indent}`);
      return isWide ? `  ${name.padEnd(left)}  ${lines}` : `  ${name}\n${indent}${lines}`;
    })
    .join("\n");
}

/** Text in lines of at most so many characters, broken between words. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
