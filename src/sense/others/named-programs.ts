/**
 * Others' processes whose program a rule names, such as `blender` or `steam*`. Looks at the process table only while a
 * rule names some, and no more often than every two seconds. Never counts a process that may be ours.
 */

import type { Claim, ProgramsSeen } from "../../model/machine.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import { programOf } from "../../words/sentences/process.ts";
import { evidenceOf } from "../owners/evidence.ts";
import type { ProcessOwners } from "../owners/process-owners.ts";
import { hiddenUsers } from "../proc/hidden-users.ts";
import type { ProcessStat } from "../proc/parse.ts";
import { isDead, isSameProgram, listPids, readCommand, readStat } from "../proc/process.ts";

const EVERY_MS = 2000;

interface Options {
  owners: ProcessOwners;
  /** Names as rules write them; `*` stands for any letters. */
  patterns: () => readonly string[];
  claims: () => readonly Claim[];
  /** Why others' processes can't be seen at all; null when they can. */
  hidden: string | null;
}

export class NamedPrograms {
  readonly #options: Options;
  /** The program of each process, read once for each that it executes. */
  readonly #known = new Map<number, { stat: ProcessStat; program: string }>();
  #last: Record<string, ProgramsSeen> = {};
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(options: Options) {
    this.#options = options;
  }

  /** By name, as the rules write them; nothing where no rule names any. */
  read(runs: readonly LiveRun[], atMs: number): Record<string, ProgramsSeen> {
    const { patterns, hidden } = this.#options;
    const wanted = [...new Set(patterns())];
    const isNew = wanted.some((pattern) => this.#last[pattern] === undefined);
    if (wanted.length > 0 && hidden !== null)
      return Object.fromEntries(wanted.map((pattern) => [pattern, { unavailable: hidden }]));
    if (wanted.length === 0) this.#known.clear();
    else if (!isNew && atMs - this.#lookedMs < EVERY_MS) return this.#last;
    this.#lookedMs = atMs;
    this.#last = wanted.length === 0 ? {} : this.#look(wanted, runs, atMs);
    return this.#last;
  }

  #look(wanted: string[], runs: readonly LiveRun[], atMs: number): Record<string, ProgramsSeen> {
    const { owners, claims } = this.#options;
    const seen = wanted.map((pattern) => ({
      pattern,
      is: matcher(pattern),
      processes: [] as ProcessStat[],
      unsure: 0,
    }));
    owners.look(runs, claims());
    for (const { stat, program } of this.#programs()) {
      const named = seen.filter(({ is }) => is(stat.name) || is(program));
      const owner = named.length === 0 ? "nobody" : owners.ownerOf(stat);
      for (const one of named)
        if (owner === "foreign") one.processes.push(stat);
        else if (owner === "nobody") one.unsure++;
    }
    const estimated = hiddenUsers();
    return Object.fromEntries(
      seen.map(({ pattern, processes, unsure }) => {
        const found = processes.map((stat) => evidenceOf(stat));
        return [pattern, { atMs, processes: found, unsure, ...(estimated !== null && { estimated }) }];
      }),
    );
  }

  #programs(): { stat: ProcessStat; program: string }[] {
    const before = new Map(this.#known);
    this.#known.clear();
    for (const pid of listPids()) {
      const stat = readStat(pid);
      if (stat === null || stat.kernel || isDead(stat)) continue;
      const known = before.get(pid);
      const same = known !== undefined && known.stat.name === stat.name && isSameProgram(known.stat, stat);
      this.#known.set(pid, same ? known : { stat, program: programOf(readCommand(stat)) });
    }
    return [...this.#known.values()];
  }
}

function matcher(pattern: string): (name: string) => boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const whole = new RegExp(`^${parts.join(".*")}$`, "s");
  return (name) => whole.test(name);
}
