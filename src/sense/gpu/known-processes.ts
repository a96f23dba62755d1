/**
 * Whose a process on a GPU is: by pid and start time, once for each process. Ours: below a run's
 * launcher, in its cgroup, or with a run id of this supervisor in its environment. What can't be told
 * is nobody's: neither ours nor evidence against others. Reads /proc only.
 */
import { ENV } from "../../contract.ts";
import type { LiveRun } from "../../ports.ts";
import { KeptFiles, readOnce } from "../kept-file.ts";
import { type ProcessStat, parsePids } from "../parse.ts";
import { isDead, readCommand, readRunId, readStat, uidOf } from "../process.ts";
import { userName } from "../user-name.ts";

export type Owner = { run: string } | "supervisor" | "foreign" | "nobody";

export interface Known {
  pid: number;
  /** Null where /proc doesn't show it. */
  startTime: number | null;
  owner: Owner;
  /** Null where it can't be seen. */
  uid: number | null;
  user: string;
  command: string;
  /** Names that a list of programs may call it by. */
  names: string[];
}

const MOST_PARENTS = 64;
/** How often a process that nobody could be found for is looked at again, in looks. */
const TRIES = 30;
const MOST_KEPT = 256;

const isZombie = (stat: string): boolean => "ZX".includes(stat[stat.lastIndexOf(") ") + 2] ?? "");

const isSettled = ({ owner, startTime, tries }: Known & { tries: number }): boolean =>
  startTime !== null && (owner !== "nobody" || tries > TRIES);

export class GpuProcesses {
  readonly #supervisorPid: number;
  readonly #files = new KeptFiles(MOST_KEPT);
  #known = new Map<number, Known & { tries: number }>();
  /** Start time of each run's launcher and first process, when first seen: a pid may be given to somebody else. */
  readonly #roots = new Map<number, { run: string; startTime: number; session: number }>();
  readonly #begun = new Map<string, number>();
  /** Of this supervisor's life: what an ended run left behind isn't somebody else's. */
  readonly #runIds = new Set<string>();

  constructor(supervisorPid: number) {
    this.#supervisorPid = supervisorPid;
  }

  /** The owners of these processes; one that is gone is left out unless it was known as a run's. */
  look(pids: readonly number[], runs: readonly LiveRun[]): Map<number, Known> {
    this.#follow(runs);
    const found = new Map<number, Known & { tries: number }>();
    for (const pid of pids) {
      const before = this.#known.get(pid);
      // A kept file is that of one process for ever: while it can be read, nothing has to be looked up.
      const kept = pids.length <= MOST_KEPT ? this.#files.read(`/proc/${pid}/stat`) : null;
      if (kept !== null && !isZombie(kept) && before !== undefined && isSettled(before)) {
        found.set(pid, before);
        continue;
      }
      const stat = readStat(pid);
      if (stat === null || isDead(stat)) {
        const unseen = this.#unseen(pid, before);
        if (unseen) found.set(pid, unseen);
      } else if (before?.startTime === stat.startTime && isSettled(before)) {
        found.set(pid, before);
      } else {
        const tries = before?.startTime === stat.startTime ? before.tries + 1 : 0;
        found.set(pid, { ...this.#identify(stat, runs), tries });
      }
    }
    this.#known = found;
    this.#files.sweep();
    return found;
  }

  /** Start time of a run in ticks since boot; null until it is known. */
  begunAt(run: string): number | null {
    return this.#begun.get(run) ?? null;
  }

  close(): void {
    this.#files.close();
  }

  #follow(runs: readonly LiveRun[]): void {
    for (const { id, launcherPid, pid } of runs) {
      this.#runIds.add(id);
      for (const root of [launcherPid, pid]) {
        if (root === null || this.#roots.get(root)?.run === id) continue;
        const stat = readStat(root);
        if (stat === null) continue;
        this.#roots.set(root, { run: id, startTime: stat.startTime, session: stat.session });
        if (!this.#begun.has(id)) this.#begun.set(id, stat.startTime);
      }
    }
    if (this.#roots.size > 4 * runs.length + 64) {
      const live = new Set(runs.map(({ id }) => id));
      for (const [pid, { run }] of this.#roots) if (!live.has(run)) this.#roots.delete(pid);
    }
  }

  #identify(stat: ProcessStat, runs: readonly LiveRun[]): Known {
    const uid = uidOf(stat.pid);
    const command = readCommand(stat);
    const program = command.split(" ")[0] ?? "";
    return {
      pid: stat.pid,
      startTime: stat.startTime,
      owner: this.#ownerOf(stat, runs, uid),
      uid,
      user: uid === null ? "?" : userName(uid),
      command,
      names: [stat.name, program.slice(program.lastIndexOf("/") + 1)],
    };
  }

  #ownerOf(stat: ProcessStat, runs: readonly LiveRun[], uid: number | null): Owner {
    let above: ProcessStat | null = stat;
    for (let hops = 0; above !== null && above.pid > 1 && hops < MOST_PARENTS; hops++) {
      const root = this.#roots.get(above.pid);
      if (root?.startTime === above.startTime) return { run: root.run };
      if (above.pid === this.#supervisorPid) return "supervisor";
      const known = this.#known.get(above.pid);
      if (known?.startTime === above.startTime && typeof known.owner === "object") return known.owner;
      above = readStat(above.parent);
    }
    for (const { id, cpuCgroup } of runs) {
      if (
        cpuCgroup !== null &&
        parsePids(readOnce(`${cpuCgroup}/cgroup.procs`, true) ?? "").includes(stat.pid)
      )
        return { run: id };
    }
    // Reading the environment of a process stuck in the kernel could keep us waiting.
    const run = stat.state === "D" || isDead(stat) ? undefined : readRunId(stat.pid, ENV.runId);
    if (typeof run === "string" && this.#runIds.has(run)) return { run };
    const others = uid !== null && uid !== process.getuid?.();
    if (run === undefined && !others) return "nobody";
    return this.#isInOurSession(stat) ? "nobody" : "foreign";
  }

  /** A run's session: whoever is in it came from the run. The one that the supervisor was started in is also others'. */
  #isInOurSession({ session }: ProcessStat): boolean {
    if (session === readStat(this.#supervisorPid)?.session) return false;
    return [...this.#roots.values()].some((root) => root.session === session);
  }

  /** /proc doesn't show it: gone, or hidden from us because it is another user's. */
  #unseen(pid: number, before: (Known & { tries: number }) | undefined): (Known & { tries: number }) | null {
    if (before !== undefined && typeof before.owner === "object") return before;
    try {
      process.kill(pid, 0);
    } catch (problem) {
      if ((problem as NodeJS.ErrnoException).code !== "EPERM") return null;
      const command = "a process that is hidden from us";
      const hidden = { pid, startTime: null, uid: null, user: "somebody", command, names: [] };
      return { ...hidden, owner: "foreign", tries: 0 };
    }
    return null;
  }
}
