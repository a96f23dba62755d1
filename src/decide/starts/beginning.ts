/**
 * What a job's beginning waits for besides room: the ends of other jobs, and a moment. Once it has begun, neither
 * holds it back again, unless it begins anew.
 */
import type { JobSpec } from "../../config/schema/job-schema.ts";
import { isWanted, type Job } from "../../model/job.ts";
import { isEnded } from "../../model/state.ts";
import type { WaitingFor } from "../../model/why.ts";
import { clockTime } from "../../words/time.ts";
import type { TickInput } from "../tick-input.ts";
import type { Jobs } from "../world.ts";

type Spec = Pick<JobSpec, "after" | "afterAny">;

/** Jobs that it starts after. */
export const leadersOf = ({ after = [], afterAny = [] }: Spec): string[] => [
  ...new Set([...after, ...afterAny]),
];

/** One that is tried again after a failure has begun. */
const isToBegin = ({ state }: Job): boolean => state.name === "waiting" && state.failure === undefined;

export function beginningWaits(job: Job, { jobs, now }: TickInput): WaitingFor[] {
  if (!isToBegin(job) || isWanted(job)) return [];
  const { after = [], afterAny = [], notBefore } = job.spec;
  const waits = [
    ...after.flatMap((name) => finishOf(name, jobs) ?? []),
    ...afterAny.filter((name) => !after.includes(name)).flatMap((name) => endOf(name, jobs) ?? []),
  ].map((text): WaitingFor => ({ code: "after", text }));
  const atMs = notBefore === undefined ? 0 : Date.parse(notBefore);
  if (atMs > now.wallMs)
    waits.push({
      code: "not-before",
      text: `it isn't started before ${clockTime(atMs, now.wallMs)}`,
      untilMs: atMs,
    });
  return waits;
}

function finishOf(name: string, jobs: Jobs): string | null {
  const state = jobs[name]?.state.name;
  if (state === "finished") return null;
  if (state === undefined) return `it starts only after '${name}' has finished, and there is no such job`;
  if (!isEnded(state)) return `it starts after '${name}' has finished (now ${state})`;
  const ended = state === "failed" ? "has failed" : "was cancelled";
  return `it starts only after '${name}' has finished, and that ${ended}`;
}

function endOf(name: string, jobs: Jobs): string | null {
  const state = jobs[name]?.state.name;
  return state === undefined || isEnded(state) ? null : `it starts after '${name}' has ended (now ${state})`;
}

/** One of `jobs` that hasn't begun and starts after the job of this name; null where there is none. */
export const followerOf = (name: string, jobs: readonly Job[]): string | null =>
  jobs.find((one) => isToBegin(one) && leadersOf(one.spec).includes(name))?.name ?? null;

/** Why a new job can't start after those that it names, as a sentence; null if it can. */
export function orderProblem(spec: Pick<JobSpec, "name"> & Spec, jobs: Jobs): string | null {
  const leaders = leadersOf(spec);
  const unknown = leaders.find((name) => jobs[name] === undefined);
  if (unknown !== undefined) return `There is no job '${unknown}' that '${spec.name}' could start after.`;
  const circle = circleFrom(spec.name, (name) =>
    name === spec.name ? leaders : leadersOf(jobs[name]?.spec ?? {}),
  );
  return circle === null ? null : `None of them would ever start: ${circleText(circle)}.`;
}

/** The jobs from `first` back to itself, each of which starts after the next; null where that never comes back. */
export function circleFrom(first: string, leaders: (name: string) => readonly string[]): string[] | null {
  const seen = new Set<string>();
  const walk = (name: string, way: string[]): string[] | null => {
    for (const next of leaders(name)) {
      if (next === first) return [...way, name];
      if (seen.has(next)) continue;
      seen.add(next);
      const found = walk(next, [...way, name]);
      if (found !== null) return found;
    }
    return null;
  };
  return walk(first, []);
}

/** "'a' starts after 'b', that after 'a'" */
export function circleText(circle: readonly string[]): string {
  const [first, ...rest] = circle;
  if (rest.length === 0) return `'${first}' starts after itself`;
  return `'${first}' starts after ${[...rest, first].map((name) => `'${name}'`).join(", that after ")}`;
}
