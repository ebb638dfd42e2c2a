/** JSON text laid out for reading, its numbers and strings as they were written: `2.0` does not become `2`. */

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** The lines of a JSON text, indented by two spaces. Text that is not JSON comes out as some lines, too. */
export function jsonLines(text: string): string[] {
  const lines: string[] = [];
  const tokens = text.match(TOKEN) ?? [];
  let line = "";
  let depth = 0;
  const endLine = () => {
    if (line.trim() !== "") lines.push(line);
    line = "  ".repeat(depth);
  };
  for (const [i, token] of tokens.entries()) {
    const next = tokens[i + 1];
    if (token === "}" || token === "]") {
      depth = Math.max(0, depth - 1);
      if (tokens[i - 1] !== "{" && tokens[i - 1] !== "[") endLine();
      line += token;
    } else if (token === "{" || token === "[") {
      line += token;
      depth++;
      if (next !== "}" && next !== "]") endLine();
    } else if (token === ",") {
      line += token;
      endLine();
    } else {
      line += token === ":" ? ": " : token;
    }
  }
  endLine();
  return lines;
}

/** A JSON text on one line; as it is where it is on one already. */
export function compactJson(text: string): string {
  return /[\r\n]/.test(text) ? (text.match(TOKEN) ?? []).join("") : text;
}
