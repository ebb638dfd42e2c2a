/** Amplitudes as people read them: three digits that count, with the prefix of their unit. */

const PREFIXES = ["f", "p", "n", "µ", "m", "", "k", "M", "G"];
const NONE = PREFIXES.indexOf("");
/** Units that take a prefix; counts do not. */
const METRIC = /^(m|Pa|V|T|A)\b/;

/** `2.4 µm/s`, `2 500`, `−0.3 mm/s²`; counts stand without a unit. An en space never breaks a number apart. */
export function formatValue(value: number, units: string): string {
  if (Number.isNaN(value)) return "–";
  const name = plainUnits(units);
  if (!METRIC.test(name)) return joined(grouped(value), name);
  const power = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(Number(value.toPrecision(3)))) / 3);
  const prefix = Math.min(Math.max(power + NONE, 0), PREFIXES.length - 1);
  return joined(grouped(value / 1000 ** (prefix - NONE)), `${PREFIXES[prefix]}${name}`);
}

/** `±2.4 µm/s`, `±16.8 µm/s`: how far something reaches up and down; below 10 two digits will do. */
export function formatAmplitude(reach: number, units: string): string {
  const size = Math.abs(reach);
  const power = Math.floor(Math.log10(size));
  const digits = ((power % 3) + 3) % 3 === 0 ? 2 : 3;
  const rounded = Number.isFinite(power) ? Number(size.toPrecision(digits)) : size;
  return Number.isNaN(reach) ? "–" : `±${formatValue(rounded, units)}`;
}

function joined(number: string, units: string): string {
  return units === "" ? number : `${number} ${units}`;
}

/** The unit's usual spelling, cut where it is no unit at all. */
function plainUnits(units: string): string {
  const name = units.trim().slice(0, 16).replace(/\*\*/g, "").replace(/\^/g, "").replace(/2$/, "²");
  if (/^counts?$/i.test(name)) return "";
  return /^M(\/S|$)/.test(name) ? name.toLowerCase() : name;
}

/** Three digits that count, and all before the point up to 1,000,000,000, in groups of three. */
function grouped(value: number): string {
  const size = Math.abs(value);
  if (size === Number.POSITIVE_INFINITY) return value < 0 ? "−∞" : "∞";
  const isLong = size >= 999.5 && size < 1e9;
  const digits = String(isLong ? Math.round(value) : Number(value.toPrecision(3)));
  return minus(/[.e]/.test(digits) ? digits : digits.replace(/\B(?=(\d{3})+$)/g, "\u202f"));
}

function minus(text: string): string {
  return text.replace("-", "−");
}
