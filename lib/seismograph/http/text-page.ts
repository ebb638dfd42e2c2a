/** `/text`: how each channel does, in words: for screen readers, for browsers without scripts, and for programs that read lines. */
import { formatMicroseconds } from "../../time.ts";
import type { ChannelStatus } from "../frames.ts";
import type { Seismograph } from "../seismograph.ts";
import type { Language, Texts } from "./texts.ts";
import { TEXTS } from "./texts.ts";

/** Seconds after which the page asks again. */
const REFRESH = 30;

/** A whole page of HTML. */
export function textPage(seismograph: Seismograph, language: Language, now: number): string {
  const texts = TEXTS[language];
  const rows = rowsOf(seismograph, texts, now).map(
    (cells) =>
      `<tr>${cells.map((cell, i) => (i === 0 ? head(cell, "row") : `<td>${escaped(cell)}</td>`)).join("")}</tr>`,
  );
  const columns = columnsOf(texts).map((name) => head(name, "col"));
  const table = `<table><thead><tr>${columns.join("")}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
  const title = escaped(seismograph.options.title);
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="${REFRESH}"><title>${title}</title></head>
<body><main><h1>${title}</h1>
<p>${escaped(texts.updated)} ${clock(now)} UTC. ${seismograph.isRefilling ? escaped(texts.refilling) : ""}</p>
${rows.length > 0 ? table : `<p>${escaped(texts.none)}</p>`}
<p><a href="./">${escaped(texts.page)}</a></p></main></body></html>
`;
}

/** The same as lines, with tabs between the columns. */
export function textLines(seismograph: Seismograph, language: Language, now: number): string {
  const texts = TEXTS[language];
  return [columnsOf(texts), ...rowsOf(seismograph, texts, now)]
    .map((cells) => `${cells.join("\t")}\n`)
    .join("");
}

function columnsOf({ stream, newest, latency, state, gaps }: Texts): string[] {
  return [stream, newest, latency, state, gaps];
}

function rowsOf({ channels }: Seismograph, texts: Texts, now: number): string[][] {
  return [...channels.values()].map((channel) => {
    const status = channel.status(now);
    const { newest, latency, gaps } = status;
    const time = Number.isNaN(newest) ? "–" : clock(newest);
    const age = Number.isNaN(latency) ? "–" : `${latency.toFixed(latency < 10 ? 1 : 0)} ${texts.seconds}`;
    return [oneLine(channel.id), time, age, stateOf(status, texts), String(gaps)];
  });
}

function stateOf({ isTriggered, isSilent, isAhead, ratio }: ChannelStatus, texts: Texts): string {
  const shown = Number.isNaN(ratio) ? "" : ` ${ratio.toFixed(1)}`;
  const states = [
    isTriggered && `${texts.triggered}${shown}`,
    isSilent && texts.silent,
    isAhead && texts.ahead,
  ].filter((state) => state !== false);
  return states.length > 0 ? states.join(", ") : texts.good;
}

/** `2026-11-29 14:23:05`. */
function clock(time: number): string {
  return formatMicroseconds(Math.floor(time)).slice(0, 19).replace("T", " ");
}

function head(text: string, scope: "row" | "col"): string {
  return `<th scope="${scope}">${escaped(text)}</th>`;
}

function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ");
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
