/**
 * Checks one line from a client before anything acts on it. Hand-written, since it runs inside the
 * supervisor for whatever a client sends: it must never throw and never let an unchecked field through.
 * The compiler holds the table of fields to the protocol. Only `add` and `edit` need the config schema, which is
 * checked in another process.
 */
import type { Force } from "../model/job.ts";
import type { Request } from "./protocol.ts";

/** A request with the client's own number, which its answer repeats. */
export type Numbered = { id: number; request: Request };
export type Parsed = ({ ok: true } & Numbered) | { ok: false; id: number; error: string };

type Fields = Record<string, unknown>;
interface Check<T> {
  is: (value: unknown) => value is T;
  expected: string;
  optional?: true;
}

/** As it arrives: the job of `add` and `edit` isn't checked yet. */
type Received =
  | Exclude<Request, { verb: "add" | "edit" }>
  | { verb: "add"; spec: object; by: string; adopt?: boolean; environ?: string }
  | { verb: "edit"; spec: object; by: string };
type Verb = Request["verb"];
type Checks<R> = {
  [Name in Exclude<keyof R, "verb">]-?: Record<never, never> extends Pick<R, Name>
    ? Check<NonNullable<R[Name]>> & { optional: true }
    : Check<R[Name]> & { optional?: never };
};

const MAX_NAMES = 10_000;

const check = <T>(expected: string, is: (value: unknown) => value is T) => ({ expected, is });
const isText = (value: unknown): value is string => typeof value === "string" && value.length <= 4096;
const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length > 0 && value.length <= MAX_NAMES && value.every(isText);
const isNumber = (value: unknown): value is number => Number.isFinite(value);
const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const by = check("a string", isText);
const names = check("a list of job names", isNames);
const namesOrAll = check(
  'a list of job names, or "all"',
  (value): value is string[] | "all" => value === "all" || isNames(value),
);
const timeOrNull = check(
  "a time in ms, or null",
  (value): value is number | null => value === null || isNumber(value),
);
const force = check(
  '"freeze" or "terminate"',
  (value): value is Force => value === "freeze" || value === "terminate",
);
const duration = check("a time in ms", (value): value is number => isNumber(value) && value > 0);
const count = check("a whole number", (value): value is number => Number.isSafeInteger(value));
const base64 = check(
  "base64",
  (value): value is string => typeof value === "string" && /^[A-Za-z0-9+/]*={0,2}$/.test(value),
);
const flag = check("true or false", (value): value is boolean => typeof value === "boolean");

const FIELDS: { [V in Verb]: Checks<Extract<Received, { verb: V }>> } = {
  snapshot: {},
  watch: {},
  pause: { jobs: namesOrAll, untilMs: timeOrNull, by, force: { ...force, optional: true } },
  resume: { jobs: namesOrAll, by, adopt: { ...flag, optional: true } },
  rerun: { jobs: names, by, from: { ...count, optional: true } },
  cancel: { jobs: names, by },
  remove: { jobs: names, by },
  add: {
    spec: check("a job", isObject),
    by,
    adopt: { ...flag, optional: true },
    environ: { ...base64, optional: true },
  },
  settings: { job: check("a job's name", isText) },
  edit: { spec: check("a job", isObject), by },
  "read-config": {},
  turn: {
    gpu: check("an index or UUID", isText),
    forMs: duration,
    by,
    job: { ...check("a job's name", isText), optional: true },
  },
  stop: { pauseJobs: flag, by },
};

/** What is wrong with the fields of a request, or null. */
function problemIn(fields: Fields, wanted: Record<string, Check<unknown>>): string | null {
  for (const [name, { is, expected, optional }] of Object.entries(wanted)) {
    const value = fields[name];
    if (value === undefined ? !optional : !is(value)) return `'${name}' must be ${expected}`;
  }
  const known = new Set(["id", "verb", ...Object.keys(wanted)]);
  const unknown = Object.keys(fields).find((key) => !known.has(key));
  return unknown === undefined ? null : `unknown field '${unknown.slice(0, 40)}'`;
}

const isVerb = (verb: unknown): verb is Verb => typeof verb === "string" && Object.hasOwn(FIELDS, verb);

/** Never throws. `id` is 0 where the line has none to answer to. */
export async function parseRequest(line: string): Promise<Parsed> {
  let fields: Fields;
  try {
    const value: unknown = JSON.parse(line);
    if (!isObject(value)) return { ok: false, id: 0, error: "a request is one JSON object per line" };
    fields = value as Fields;
  } catch {
    return { ok: false, id: 0, error: "not JSON: a request is one JSON object per line" };
  }
  const { id: sent, ...rest } = fields;
  const id = Number.isSafeInteger(sent) ? (sent as number) : 0;
  if (!isVerb(rest.verb))
    return { ok: false, id, error: `'verb' must be one of ${Object.keys(FIELDS).join(", ")}` };
  const problem = problemIn(rest, FIELDS[rest.verb]);
  if (problem !== null) return { ok: false, id, error: problem };
  return withCheckedJob(id, rest as Received);
}

async function withCheckedJob(id: number, received: Received): Promise<Parsed> {
  if (received.verb !== "add" && received.verb !== "edit") return { ok: true, id, request: received };
  const { checkJobApart } = await import("../config/check/check-apart.ts");
  const checked = await checkJobApart(received.spec);
  if ("error" in checked) return { ok: false, id, error: checked.error };
  return { ok: true, id, request: { ...received, spec: checked.spec } };
}
