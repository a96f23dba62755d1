/**
 * What the whole supervisor costs while nothing happens: CPU seconds per minute of the process with
 * all its threads and its own helper processes, and its memory. Real supervisor, real jobs that
 * sleep, at 1 Hz with a CPU rule; monit at 1 Hz in the same minute where it is installed. Says on stderr
 * what it is at: seven minutes, of which a hundred jobs take nearly two to begin.
 */
import { monit } from "./idle/monit.ts";
import { type Idle, type IdleCost, SECONDS, sideBySide } from "./idle/side-by-side.ts";
import { Sleeping } from "./idle/sleeping.ts";
import type { Measured } from "./run.ts";

/** One supervisor alone. */
export async function supervisorWith(jobs: number, config: Record<string, unknown> = {}): Promise<IdleCost> {
  const idle = await Sleeping.begin(jobs, config);
  try {
    const [cost] = await sideBySide(jobs === 1 ? "1 job" : `${jobs} jobs`, [idle]);
    return cost as IdleCost;
  } finally {
    await idle.close();
  }
}

function besideMonit(jobs: string, ours: number, monits: number | null): Measured[] {
  if (monits === null) return [];
  const two = (seconds: number): string => seconds.toFixed(2);
  return [
    {
      name: `with the guard, ${jobs}, beside monit at 1 Hz`,
      unit: "× monit's CPU",
      value: ours / monits,
      target: 0.5,
      detail: `${two(ours)} s a minute beside ${two(monits)} s, in the same minute; monit has a CPU and a memory rule`,
    },
  ];
}

/** Nothing is above it, so that no job is paused where others use the machine. */
const QUIET = { metric: "cpu.others", above: 100, clear: { below: 98 } };
const NOTIFY = { rules: [{ name: "cpu", action: "notify", ...QUIET }] };
const GUARD = { rules: [{ name: "cpu", ...QUIET }] };

interface Costs {
  plain: IdleCost;
  guarded: IdleCost;
  /** Monit's, in the minute of `guarded`: it reads every process, and a hundred jobs are a hundred for it, too. */
  monits: number | null;
}

/** Both in the same minute. */
async function oneJob(): Promise<Costs> {
  const idles = [await Sleeping.begin(1, NOTIFY), await Sleeping.begin(1, GUARD), ...monit()];
  try {
    const what = "1 job without and with the guard, beside monit";
    const [plain, guarded, beside] = await sideBySide(what, idles);
    return { plain, guarded, monits: beside?.cpuSeconds ?? null } as Costs;
  } finally {
    for (const idle of idles) await idle.close();
  }
}

/** The same supervisor twice: another would double the processes that are there to read. */
async function hundredJobs(): Promise<Costs> {
  const idle = await Sleeping.begin(100, NOTIFY);
  const idles: Idle[] = [idle];
  try {
    const [plain] = await sideBySide("100 jobs without the guard", idles);
    await idle.change(GUARD);
    idles.push(...monit());
    const [guarded, beside] = await sideBySide("100 jobs with the guard, beside monit", idles);
    return { plain, guarded, monits: beside?.cpuSeconds ?? null } as Costs;
  } finally {
    for (const each of idles) await each.close();
  }
}

export async function measure(): Promise<Measured[]> {
  const { plain: one, guarded, monits } = await oneJob();
  const { plain: hundred, guarded: many, monits: besideMany } = await hundredJobs();
  const detail = `${SECONDS} s at 1 Hz, all threads and ${one.helpers} helper processes`;
  return [
    { name: "idle, 1 job", unit: "s of CPU a minute", value: one.cpuSeconds, target: 0.15, detail },
    {
      name: "idle, 100 jobs",
      unit: "s of CPU a minute",
      value: hundred.cpuSeconds,
      target: 0.3,
      detail: "target: twice that of 1 job",
    },
    {
      name: "the fast guard, on top",
      unit: "s of CPU a minute",
      value: guarded.cpuSeconds - one.cpuSeconds,
      target: 0.15,
      detail: "every 166 ms, while a CPU rule may pause a running job",
    },
    ...besideMonit("1 job", guarded.cpuSeconds, monits),
    ...besideMonit("100 jobs", many.cpuSeconds, besideMany),
    {
      name: "memory, 1 job",
      unit: "MiB RSS",
      value: one.rssMiB,
      target: 75,
      detail: "with helper processes",
    },
    {
      name: "processes spawned while idle",
      unit: "",
      value: one.childFaults === 0 ? 0 : 1,
      target: 0,
      detail: "no child was waited for",
    },
  ];
}

if (process.argv[1] === import.meta.filename) console.table(await measure());
