/**
 * The processes below a root, over many looks: a process once seen is followed by pid and start time even
 * when it leaves the tree. Cost grows with the tree alone. With many threads, their lists of children are
 * read in rotation; a child missed for some looks is only missing from what is known to be ours.
 */
import { readdirSync } from "node:fs";
import type { KeptFiles } from "../proc/kept-file.ts";
import { type ProcessStat, parsePids, parseProcessStat } from "../proc/parse.ts";
import { isDead } from "../proc/process.ts";

/** Lists of children read per process and look, beside the first thread's. */
const THREADS_PER_LOOK = 4;

interface Known {
  stat: ProcessStat;
  threads: number[];
  next: number;
}

export class ProcessTree {
  #known = new Map<number, Known>();
  /** Start times of roots when first seen: another process may get a root's pid. */
  #rootStarts = new Map<number, number>();
  readonly #files: KeptFiles;
  readonly #mainThreadOnly: boolean;

  /** `mainThreadOnly`: the roots fork from their first thread alone, as Node does. */
  constructor(files: KeptFiles, options: { mainThreadOnly?: boolean } = {}) {
    this.#files = files;
    this.#mainThreadOnly = options.mainThreadOnly ?? false;
  }

  /** Looks again. `except`: pids to leave out, with all below them. */
  look(roots: readonly number[], except: ReadonlySet<number> = new Set()): Map<number, ProcessStat> {
    const table = new Map<number, ProcessStat>();
    const open = [...roots, ...this.#known.keys()];
    for (let pid = open.shift(); pid !== undefined; pid = open.shift()) {
      if (table.has(pid) || except.has(pid)) continue;
      const text = this.#files.read(`/proc/${pid}/stat`);
      const stat = text === null ? null : parseProcessStat(text);
      const known = this.#known.get(pid);
      const startTime = known?.stat.startTime ?? this.#rootStarts.get(pid) ?? stat?.startTime;
      if (!stat || stat.startTime !== startTime) continue;
      if (roots.includes(pid)) this.#rootStarts.set(pid, startTime);
      table.set(pid, stat);
      if (isDead(stat)) continue;
      const followed = known ?? { stat, threads: [pid], next: 0 };
      open.push(...this.#children(followed, stat, roots.includes(pid)));
      this.#known.set(pid, followed);
    }
    for (const pid of this.#known.keys()) if (!table.has(pid)) this.#known.delete(pid);
    return table;
  }

  /** Adds a process found elsewhere, to be followed from the next look on. */
  adopt(stat: ProcessStat): void {
    if (!this.#known.has(stat.pid)) this.#known.set(stat.pid, { stat, threads: [stat.pid], next: 0 });
  }

  #children(known: Known, stat: ProcessStat, isRoot: boolean): number[] {
    const firstOnly = isRoot && this.#mainThreadOnly;
    if (!firstOnly && known.threads.length !== stat.threads) known.threads = listThreads(stat.pid);
    known.stat = stat;
    const turn = [stat.pid];
    for (let i = 0; i < Math.min(THREADS_PER_LOOK, known.threads.length) && !firstOnly; i++) {
      const thread = known.threads[known.next++ % known.threads.length];
      if (thread !== undefined && thread !== stat.pid) turn.push(thread);
    }
    return turn.flatMap((thread) =>
      parsePids(this.#files.read(`/proc/${stat.pid}/task/${thread}/children`, true) ?? ""),
    );
  }
}

function listThreads(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [pid];
  }
}
