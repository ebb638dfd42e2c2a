/**
 * What nodes are called on the canvas: short enough to leave their neighbours in sight, and patterns in words. Pure: it guesses how
 * wide a text comes out, and rather too wide than too narrow.
 */

/** Pixels that a label may take. */
export const MAX_LABEL_WIDTH = 180;

/** Pixels per em: Node-RED writes labels in 14 px of Helvetica or Arial. */
const EM = 14;

/** Parts of an em, of Arial's characters by their width; any other takes what a digit does. */
const WIDTHS: readonly (readonly [RegExp, number])[] = [
  [/[fijlt .,:;!'/|[\]I]/, 0.28],
  [/[r()*"`{}-]/, 0.39],
  [/[MWmw%@…—]/, 1],
  [/[A-Z&<>=+~]/, 0.78],
  // Ideographs, kana, emoji.
  [/[\u1100-\u11ff\u2e80-\u{10ffff}]/u, 1],
];
const USUAL = 0.56;

/** How many pixels a label takes, roughly. */
export function labelWidth(text: string): number {
  let ems = 0;
  for (const character of text) ems += WIDTHS.find(([like]) => like.test(character))?.[1] ?? USUAL;
  return ems * EM;
}

/** A label that is not too wide: the end goes first, but for `suffix`, and `…` stands for it. */
export function shortLabel(text: string, suffix = ""): string {
  if (labelWidth(text + suffix) <= MAX_LABEL_WIDTH) return text + suffix;
  const characters = Array.from(text);
  while (characters.length > 1 && labelWidth(`${characters.join("")}…${suffix}`) > MAX_LABEL_WIDTH)
    characters.pop();
  return `${characters.join("").trimEnd()}…${suffix}`;
}

/** A name that somebody has given: Node-RED takes `\n` in it for the end of a line. */
export function shortLines(name: string): string {
  return name
    .split("\\n")
    .map((line) => shortLabel(line))
    .join("\\n");
}

/** A pattern of streams in words: the first stream, how many more, and `*` for what may be anything. */
export function patternLabel(pattern: string): string {
  const [first = "", ...others] = alternativesOf(pattern).map(inWords);
  return shortLabel(first, others.length > 0 ? ` +${others.length}` : "");
}

/** The first of several things that stand between commas, and how many more. */
export function listLabel(list: string): string {
  const [first = "", ...others] = list.split(/\s*,\s*/).filter((item) => item !== "");
  return shortLabel(first, others.length > 0 ? ` +${others.length}` : "");
}

/** A stream id without what nearly all have in common. */
export function streamLabel(streamId: string): string {
  return shortLabel(withoutUsual(streamId));
}

function withoutUsual(streamId: string): string {
  return streamId.replace(/^FDSN:/, "").replace(/\/MSEED3?$/, "");
}

/** What a pattern has in `(a|b|c)`, or between bars at its top. */
function alternativesOf(pattern: string): string[] {
  const anchored = pattern
    .trim()
    .replace(/^\^/, "")
    .replace(/(?<!\\)\$$/, "");
  const group = /^\((?:\?:)?(.*)\)$/.exec(anchored)?.[1];
  const inner = group !== undefined && isBalanced(group) ? group : anchored;
  return splitAtBars(inner).map((part) => part.replace(/^\^/, "").replace(/(?<!\\)\$$/, ""));
}

/** Whether each parenthesis is closed by one behind it: `a)(b` is not what was in one pair of them. */
function isBalanced(pattern: string): boolean {
  let depth = 0;
  for (const { 0: sign } of pattern.matchAll(/\\.|[()]/g)) {
    if (sign === "(") depth++;
    if (sign === ")" && --depth < 0) return false;
  }
  return depth === 0;
}

/** Splits at the bars that stand in no parentheses or brackets. */
function splitAtBars(pattern: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const { 0: sign } of pattern.matchAll(/\\.|\[(?:\\.|[^\]])*\]|[^\\]|\\$/gs)) {
    if (sign === "(") depth++;
    if (sign === ")") depth--;
    if (sign === "|" && depth === 0) parts.push("");
    else parts[parts.length - 1] += sign;
  }
  return parts;
}

/** An expression as people say it: `CO_*` for `FDSN:CO_.*`. */
function inWords(expression: string): string {
  const plain = expression.replace(/\\(.)|\.[*+]|\./gs, (whole, escaped) =>
    escaped !== undefined ? (/\w/.test(escaped) ? whole : escaped) : whole === "." ? "?" : "*",
  );
  return withoutUsual(plain);
}
