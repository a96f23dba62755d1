/**
 * How the contract's files are read: strict UTF-8, strict JSON, one object, bounded in size. Pure, and
 * never throws, whatever the bytes: it runs in the supervisor's tick and inside training loops.
 */

/** A violation of the contract. */
export class Rejected {
  /** A predicate that names the place, to append to the file's name: `has step -1, not a whole number ≥ 0`. */
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

export type JsonObject = Record<string, unknown>;

/** @param most bytes; larger files are refused unread */
export function parseObject(
  bytes: Uint8Array,
  most: number,
  parse: (text: string) => unknown = JSON.parse,
): JsonObject | Rejected {
  if (bytes.byteLength > most) return new Rejected(`is larger than ${most} bytes`);
  let value: unknown;
  try {
    // A byte order mark is kept and therefore refused: JSON has none.
    value = parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return new Rejected("isn't JSON");
  }
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as JsonObject) : new Rejected("isn't a JSON object");
}

/** @param place where the value is, such as `files[2].path` */
export function refuse(place: string, value: unknown, wanted: string): Rejected {
  if (value === undefined) return new Rejected(`has no ${place}`);
  return new Rejected(`has ${place} ${shown(value)}, not ${wanted}`);
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "[]" : "[…]";
  return typeof value === "object" && value !== null ? "{…}" : JSON.stringify(value).slice(0, 80);
}

export const wholeFrom = (least: number): string => `a whole number ≥ ${least}`;

export const isWhole = (value: unknown, least: number): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= least;

/** An epoch may be fractional: trainers report how far through one they are. */
export const isEpoch = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && value >= 0;

export const TIME_WANTED = "a time in ISO 8601";

/** ISO 8601 to the second or finer; local time if it names no zone. `Date.parse` alone accepts far more. */
export function isTime(value: unknown): value is string {
  if (typeof value !== "string") return false;
  const match =
    /^([12]\d{3})-(\d\d)-(\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?$/.exec(
      value,
    );
  if (!match) return false;
  const [year = 0, month = 0, day = 0] = match.slice(1).map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
