/** Text of a record as a terminal may get it: a hostile record must not steer it. */

/** Control characters replaced as JSON strings have them: `\u001b`. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, escaped);
}

/** The same for text of several lines: line ends and tabs stay. */
export function printableLines(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) =>
    "\n\r\t".includes(character) ? character : escaped(character),
  );
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
