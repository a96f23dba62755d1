/** Sessions of runs: a process in one came from the run, even where nothing else shows it. */
import type { ProcessStat } from "../proc/parse.ts";
import type { StatOf } from "./parents.ts";

export class RunSessions {
  /** Start time of each session's leader, null where that had ended: session numbers are reused. */
  readonly #began = new Map<number, number | null>();

  /** Adds the session of a run's process. */
  add({ pid, startTime, session }: ProcessStat, statOf: StatOf): void {
    if (pid === session) this.#began.set(session, startTime);
    else if (session > 0 && !this.#began.has(session))
      this.#began.set(session, statOf(session)?.startTime ?? null);
  }

  /** Whether a process is in one of them. The supervisor's own session proves nothing: others share it. */
  hold({ session }: ProcessStat, supervisorPid: number, statOf: StatOf): boolean {
    const began = this.#began.get(session);
    if (began === undefined || session === statOf(supervisorPid)?.session) return false;
    const first = statOf(session);
    return !first || began === null || first.startTime === began;
  }

  /** `all`: processes of the machine. Forgets sessions without one. */
  forgetOver(all: Iterable<ProcessStat>): void {
    const there = new Set<number>();
    for (const { session } of all) there.add(session);
    for (const session of this.#began.keys()) if (!there.has(session)) this.#began.delete(session);
  }
}
