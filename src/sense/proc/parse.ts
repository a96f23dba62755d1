/**
 * Texts of /proc and of cgroups → numbers. Pure: reads nothing, never throws, and returns null for a text of
 * another format, so that garbage becomes `unavailable` and never 0.
 */

/** Clock ticks per second in every time of /proc (USER_HZ; 100 on all machines that Node runs on). */
export const TICKS_PER_SECOND = 100;

/** Ticks since boot, of all processors together, from the first line of /proc/stat. */
export interface CpuTimes {
  /** `user + nice + system`: time of processes. Guest time is within user and nice already. */
  processes: number;
  /** Time of processes with a positive nice value, user mode only; within `processes`. */
  nice: number;
  /** Interrupts: use of the machine by no process. */
  interrupts: number;
  /** Everything, including idle and stolen time: 100 %. */
  all: number;
}

const digits = (text: string | undefined): number | null =>
  text !== undefined && /^\d{1,18}$/.test(text) ? Number(text) : null;

/** Stolen time isn't use, but part of `all`: the machine can't give it to any process. */
export function parseCpuTimes(text: string): CpuTimes | null {
  const end = text.indexOf("\n");
  const words = (end < 0 ? text : text.slice(0, end)).split(/ +/);
  if (words[0] !== "cpu") return null;
  const times: number[] = [];
  for (let i = 1; i <= 8; i++) {
    const ticks = digits(words[i]);
    // Kernels before 2.6.11 lack steal; anything shorter isn't this file.
    if (ticks === null && i < 8) return null;
    times.push(ticks ?? 0);
  }
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = times;
  const processes = user + nice + system;
  const interrupts = irq + softirq;
  return { processes, nice, interrupts, all: processes + interrupts + idle + iowait + steal };
}

/** MiB; null where the line is missing. */
export interface MemoryInfo {
  totalMiB: number | null;
  availableMiB: number | null;
  swapUsedMiB: number | null;
}

const kib = (text: string, name: string): number | null => {
  const at = text.startsWith(name) ? 0 : text.indexOf(`\n${name}`) + 1;
  if (at === 0 && !text.startsWith(name)) return null;
  const match = /^ *(\d{1,15}) kB/.exec(text.slice(at + name.length, at + name.length + 40));
  return match ? Number(match[1]) : null;
};

export function parseMemoryInfo(text: string): MemoryInfo {
  const total = kib(text, "MemTotal:");
  const available = kib(text, "MemAvailable:");
  const swapTotal = kib(text, "SwapTotal:");
  const swapFree = kib(text, "SwapFree:");
  return {
    totalMiB: total === null || total === 0 ? null : total / 1024,
    availableMiB: available === null ? null : available / 1024,
    swapUsedMiB: swapTotal === null || swapFree === null ? null : Math.max(0, swapTotal - swapFree) / 1024,
  };
}

/** Percent of the last ten seconds (`avg10`), which the kernel updates every 2 s. */
export function parsePressure(text: string): { some: number | null; full: number | null } {
  const percent = (kind: string): number | null => {
    const match = new RegExp(`^${kind} avg10=(\\d{1,3}(?:\\.\\d{1,4})?) `, "m").exec(text);
    return match && Number(match[1]) <= 100 ? Number(match[1]) : null;
  };
  return { some: percent("some"), full: percent("full") };
}

/** /proc/PID/stat of one process; times in ticks. */
export interface ProcessStat {
  pid: number;
  name: string;
  /** R, S, D, Z, T, t, X, I. */
  state: string;
  parent: number;
  group: number;
  session: number;
  /** A kernel thread. */
  kernel: boolean;
  /** utime + stime. */
  own: number;
  /** cutime + cstime: of reaped children, and theirs. */
  reaped: number;
  nice: number;
  threads: number;
  startTime: number;
  /** Where its stack starts: elsewhere after each exec. 0 for a process that we may not inspect. */
  stack: number;
}

const KERNEL_THREAD = 0x0020_0000;

export function parseProcessStat(text: string): ProcessStat | null {
  // A program chooses its name, spaces and brackets included: the last ")" ends it.
  const open = text.indexOf(" (");
  const close = text.lastIndexOf(") ");
  if (open < 1 || close < open) return null;
  const pid = digits(text.slice(0, open));
  const tail = text.slice(close + 2).trimEnd();
  if (pid === null || !/^[A-Za-z](?: -?\d{1,20}){21,}$/.test(tail)) return null;
  const field = tail.split(" ");
  const number = (n: number): number => Number(field[n - 3]);
  return {
    pid,
    name: text.slice(open + 2, close),
    state: field[0] ?? "",
    parent: number(4),
    group: number(5),
    session: number(6),
    kernel: (number(9) & KERNEL_THREAD) !== 0,
    own: number(14) + number(15),
    reaped: number(16) + number(17),
    nice: number(19),
    threads: number(20),
    startTime: number(22),
    stack: number(28) || 0,
  };
}

/** Pages: all that is resident, and the part of it that may be shared (files, shared memory). */
export function parseStatm(text: string): { resident: number; shared: number } | null {
  const words = text.trim().split(" ");
  const resident = digits(words[1]);
  const shared = digits(words[2]);
  return resident === null || shared === null ? null : { resident, shared: Math.min(shared, resident) };
}

/** One value of /proc/PID/status, such as `SigCgt` or `Uid`. */
export function parseStatusLine(text: string, name: string): string | null {
  const match = new RegExp(`^${name}:[ \\t]*(.*)$`, "m").exec(text);
  return match?.[1]?.trim() ?? null;
}

/** Pids separated by spaces or lines, as in `children` and `cgroup.procs`. */
export function parsePids(text: string): number[] {
  const pids: number[] = [];
  for (const word of text.split(/\s+/)) {
    const pid = digits(word);
    if (pid !== null && pid > 0) pids.push(pid);
  }
  return pids;
}

/** CPU time of a cgroup in ms, from v1 `cpuacct.usage` (ns) or v2 `cpu.stat` (µs). */
export function parseCgroupCpu(text: string): number | null {
  const v1 = digits(text.trim());
  if (v1 !== null) return v1 / 1e6;
  const v2 = digits(/^usage_usec (\d+)$/m.exec(text)?.[1]);
  return v2 === null ? null : v2 / 1e3;
}
