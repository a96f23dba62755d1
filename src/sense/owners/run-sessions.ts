/** Sessions that runs have made or live in: whoever is in one came from the run, also where nothing else shows it. */
import type { ProcessStat } from "../proc/parse.ts";
import type { StatOf } from "./parents.ts";

export class RunSessions {
  /** With the start of each session's first process, null where that had ended: its number may be given away again. */
  readonly #began = new Map<number, number | null>();

  /** The session of a run's process. */
  add({ pid, startTime, session }: ProcessStat, statOf: StatOf): void {
    if (pid === session) this.#began.set(session, startTime);
    else if (session > 0 && !this.#began.has(session))
      this.#began.set(session, statOf(session)?.startTime ?? null);
  }

  /** The session that the supervisor itself was started in is also others', so it tells nothing. */
  hold({ session }: ProcessStat, supervisorPid: number, statOf: StatOf): boolean {
    const began = this.#began.get(session);
    if (began === undefined || session === statOf(supervisorPid)?.session) return false;
    const first = statOf(session);
    return !first || began === null || first.startTime === began;
  }

  /** `all`: processes of the machine. A session that none of them is in is over. */
  forgetOver(all: Iterable<ProcessStat>): void {
    const there = new Set<number>();
    for (const { session } of all) there.add(session);
    for (const session of this.#began.keys()) if (!there.has(session)) this.#began.delete(session);
  }
}
