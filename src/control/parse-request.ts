/**
 * Checks one line from a client before anything acts on it. Hand-written, since it runs inside the
 * supervisor for whatever somebody writes into the socket: it must never throw and never let an
 * unchecked field through. Only `add` needs the config schema, and asks another process for it.
 */
import type { Request } from "./protocol.ts";

/** A request with the client's own number, which its answer repeats. */
export type Numbered = { id: number; request: Request };
export type Parsed = ({ ok: true } & Numbered) | { ok: false; id: number; error: string };

type Fields = Record<string, unknown>;
type Check = (value: unknown) => boolean;

const MAX_NAMES = 10_000;
const text: Check = (value) => typeof value === "string" && value.length <= 4096;
const force: Check = (value) => value === "freeze" || value === "terminate";
const flag: Check = (value) => typeof value === "boolean";
const names: Check = (value) =>
  Array.isArray(value) && value.length > 0 && value.length <= MAX_NAMES && value.every(text);
const namesOrAll: Check = (value) => value === "all" || names(value);
const timeOrNull: Check = (value) => value === null || (typeof value === "number" && Number.isFinite(value));
const positive: Check = (value) => typeof value === "number" && Number.isFinite(value) && value > 0;
const object: Check = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** Fields of each verb; a name that ends in `?` may be left out. */
const FIELDS: Record<Request["verb"], Record<string, [Check, string]>> = {
  snapshot: {},
  watch: {},
  pause: {
    jobs: [namesOrAll, 'a list of job names, or "all"'],
    untilMs: [timeOrNull, "a time in ms, or null"],
    by: [text, "a string"],
    "force?": [force, '"freeze" or "terminate"'],
  },
  resume: { jobs: [namesOrAll, 'a list of job names, or "all"'], by: [text, "a string"] },
  cancel: { jobs: [names, "a list of job names"], by: [text, "a string"] },
  add: { spec: [object, "a job"], by: [text, "a string"] },
  turn: {
    gpu: [text, "an index or UUID"],
    forMs: [positive, "a time in ms"],
    by: [text, "a string"],
    "job?": [text, "a job's name"],
  },
  stop: { pauseJobs: [flag, "true or false"], by: [text, "a string"] },
};

function complaint(fields: Fields, wanted: Record<string, [Check, string]>): string | null {
  const known = new Set(["id", "verb"]);
  for (const [key, [check, expected]] of Object.entries(wanted)) {
    const optional = key.endsWith("?");
    const name = optional ? key.slice(0, -1) : key;
    known.add(name);
    const value = fields[name];
    if (value === undefined ? !optional : !check(value)) return `'${name}' must be ${expected}`;
  }
  const unknown = Object.keys(fields).find((key) => !known.has(key));
  return unknown === undefined ? null : `unknown field '${unknown.slice(0, 40)}'`;
}

/** Never throws. `id` is 0 where the line had none to answer to. */
export async function parseRequest(line: string): Promise<Parsed> {
  let fields: Fields;
  try {
    const value: unknown = JSON.parse(line);
    if (!object(value)) return { ok: false, id: 0, error: "a request is one JSON object per line" };
    fields = value as Fields;
  } catch {
    return { ok: false, id: 0, error: "not JSON: a request is one JSON object per line" };
  }
  const id = Number.isSafeInteger(fields.id) ? (fields.id as number) : 0;
  const verb = fields.verb;
  if (typeof verb !== "string" || !Object.hasOwn(FIELDS, verb)) {
    return { ok: false, id, error: `'verb' must be one of ${Object.keys(FIELDS).join(", ")}` };
  }
  const error = complaint(fields, FIELDS[verb as Request["verb"]]);
  if (error !== null) return { ok: false, id, error };
  if (verb === "add") {
    const { checkJobApart } = await import("../config/check/check-apart.ts");
    const checked = await checkJobApart(fields.spec);
    if ("error" in checked) return { ok: false, id, error: checked.error };
    return { ok: true, id, request: { verb, spec: checked.spec, by: fields.by as string } };
  }
  const { id: _, ...request } = fields;
  return { ok: true, id, request: request as unknown as Request };
}
