/** What the user should know of a supervisor's jobs and rules, beside what happens to them. Pure. */
import type { Rule } from "../config/schema/schema.ts";
import { savingProblem } from "../decide/pauses/disk-room.ts";
import { sights } from "../decide/rules/sight.ts";
import type { World } from "../decide/world.ts";
import type { Job } from "../model/job.ts";
import type { GpuSample } from "../model/machine.ts";
import { handOverText } from "../words/sentences/hand-over.ts";
import { sightText } from "../words/sentences/sight.ts";

/** Sentences: saves that fail, rules that can't see, servers whose client can't do without them. */
export function problemsOf(
  { jobs, rules: states, memory }: World,
  rules: readonly Rule[],
  { gpus, freeMiB }: { gpus: readonly GpuSample[]; freeMiB: (job: Job) => number | null },
): string[] {
  const saves = Object.values(jobs).flatMap((job) => savingProblem(job, () => freeMiB(job)) ?? []);
  const unseen = sights(rules, states, gpus);
  const handOvers = Object.entries(memory.companions ?? {}).flatMap(([job, { told }]) =>
    told === undefined ? [] : [`'${job}': ${handOverText(told)}`],
  );
  return [...saves, ...unseen.map(sightText), ...handOvers];
}
