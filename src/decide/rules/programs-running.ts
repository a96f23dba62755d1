/** How many of the programs that a rule names others run now, and which those are. */
import type { Rule } from "../../config/schema/schema.ts";
import type { ProcessEvidence, ProgramsSeen, Reading, Sample } from "../../model/machine.ts";

type Named = Pick<Rule, "programs">;
type Seen = Extract<ProgramsSeen, { processes: ProcessEvidence[] }>;

export function programsRunning(rule: Named, sample: Sample): Reading {
  const names = rule.programs ?? [];
  const seen = names.flatMap((name) => sample.programs?.[name] ?? []);
  // Recorded samples have no more than the sum.
  if (seen.length < names.length || names.length === 0) return sample.machine["process.running"];
  const unread = seen.find((one) => "unavailable" in one);
  if (unread !== undefined) return unread;
  const read = seen as Seen[];
  const value = runningPrograms(rule, sample).length;
  const unsure = read.reduce((sum, one) => sum + one.unsure, 0);
  const estimated = read.find((one) => one.estimated !== undefined)?.estimated;
  return {
    value,
    ...(unsure > 0 && { upTo: value + unsure }),
    atMs: Math.min(...read.map(({ atMs }) => atMs)),
    ...(estimated !== undefined && { estimated }),
  };
}

/** Each once, also where several names are its own. */
export function runningPrograms(
  { programs = [] }: Named,
  { programs: seen = {} }: Sample,
): ProcessEvidence[] {
  const byPid = new Map<number, ProcessEvidence>();
  for (const name of programs) {
    const found = seen[name];
    if (found !== undefined && "processes" in found)
      for (const one of found.processes) byPid.set(one.pid, one);
  }
  return [...byPid.values()];
}
