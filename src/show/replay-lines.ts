/** What a replay found, as plain lines: one column for each config. Pure. */
import type { Figures, JobFigures } from "../replay/figures.ts";
import { overheadMs } from "../replay/figures.ts";
import type { Replayed } from "../replay/replay.ts";
import { duration } from "../words/duration.ts";
import { energy as kWh, money } from "../words/energy.ts";
import { list, plural } from "../words/list.ts";
import { number, percent } from "../words/number.ts";
import { clockTime } from "../words/time.ts";
import { courseLines } from "./course-lines.ts";
import { table } from "./table.ts";

type Row = [label: string, ...cells: string[]];

/** `nowMs`: wall time, for dates. `currency`: of the bills; null where there is no tariff. */
export function replayLines(replayed: Replayed & { currency: string | null }, nowMs: number): string[] {
  const { fromMs, untilMs, samples, configs, currency } = replayed;
  const of = (make: (one: Figures) => string): string[] => configs.map(make);
  const rows: Row[] = [
    ["", ...of(({ config }) => config)],
    ["pressure felt by others", ...of(({ pressureMs }) => duration(pressureMs))],
    ["pauses", ...of(({ pauses }) => number(pauses))],
    ["resumes", ...of(({ resumes }) => number(resumes))],
    ["work done", ...of(({ jobs }) => duration(sum(jobs, ({ workedMs }) => workedMs)))],
    ["saving, loading, redone", ...of(({ jobs }) => overhead(jobs))],
    ["energy of the GPUs", ...of(energy)],
    ...(currency === null ? [] : [["its price", ...of((one) => price(one, currency))] satisfies Row]),
    ...jobRows(configs),
  ];
  return [
    `${clockTime(fromMs, nowMs)} to ${clockTime(untilMs, nowMs)}: ${duration(untilMs - fromMs)}, ${plural(samples, "sample")}`,
    "",
    ...table(rows, ["left", ...configs.map(() => "right" as const)]),
    "",
    ...configs.flatMap((one) => courseLines(one, configs.length > 1)),
    "",
    ...doubtsOf(replayed).map((doubt) => `- ${doubt}`),
  ];
}

const sum = (jobs: readonly JobFigures[], of: (job: JobFigures) => number): number =>
  jobs.reduce((all, job) => all + of(job), 0);

function overhead(jobs: readonly JobFigures[]): string {
  const [cost, work] = [sum(jobs, overheadMs), sum(jobs, ({ workedMs }) => workedMs)];
  return work === 0 ? duration(cost) : `${duration(cost)} (${percent((cost / work) * 100)})`;
}

function energy({ energyWh, energyUnknownMs }: Figures): string {
  if (energyWh === null) return "not recorded";
  const told = energyWh < 1000 ? `${number(energyWh)} Wh` : `${number(energyWh / 1000)} kWh`;
  return energyUnknownMs === 0 ? told : `${told} without ${duration(energyUnknownMs)}`;
}

function price({ bill }: Figures, currency: string): string {
  if (bill === null) return "not known";
  const unpriced = bill.unpricedKWh === 0 ? "" : ` without ${kWh(bill.unpricedKWh)}`;
  return bill.unpricedKWh === bill.kWh && bill.kWh > 0
    ? "not known"
    : `${money(bill.cost, currency)}${unpriced}`;
}

/** One row for each job of any config, where there are several. */
function jobRows(configs: readonly Figures[]): Row[] {
  const names = [...new Set(configs.flatMap(({ jobs }) => jobs.map(({ name }) => name)))];
  if (names.length < 2) return [];
  return names.map((name): Row => {
    const cells = configs.map(({ jobs }) => {
      const job = jobs.find((one) => one.name === name);
      return job === undefined ? "–" : duration(job.workedMs);
    });
    return [`work of ${name}`, ...cells];
  });
}

/** What a reader must know before they believe the figures. */
export function doubtsOf({
  assumed,
  doubts,
  gaps,
  unrecordedMs,
  thinnedMs,
}: Omit<Replayed, "configs">): string[] {
  return [
    ...doubts,
    ...(gaps === 0
      ? []
      : [
          `Nothing was recorded in ${plural(gaps, "gap")} of ${duration(unrecordedMs)} in all: no figure counts that time.`,
        ]),
    ...(thinnedMs === 0
      ? []
      : [
          `For ${duration(thinnedMs)} only one sample a minute is left, and each stands until the next: shorter needs are missed, or last too long.`,
        ]),
    ...(assumed.length === 0
      ? []
      : [`It was never seen what pausing and loading ${list(assumed)} costs: 15 s for each is assumed.`]),
    "What others did stays as recorded: they might have done something else had the jobs been paused otherwise. So do temperatures.",
    "A job works whenever it runs, saves and loads as long as it was seen to, and never fails by itself.",
  ];
}
