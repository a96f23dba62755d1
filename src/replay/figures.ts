/**
 * What one config would have done, in figures. Time in ms, energy in Wh. Pressure is measured by the rules
 * of one config for all of them, or a config without rules would look best.
 */
import type { Config, Rule } from "../config/schema/schema.ts";
import { relieves } from "../decide/pauses/relieves.ts";
import { unread } from "../decide/rules/dwell.ts";
import { keyOf } from "../decide/rules/rule-now.ts";
import type { Actor } from "../model/actor.ts";
import type { EventKind } from "../model/event.ts";
import type { Job } from "../model/job.ts";
import type { GpuMetric, MachineMetric, Reading, Sample } from "../model/machine.ts";
import type { StateName } from "../model/state.ts";
import { isAtWork } from "../model/state.ts";
import { type Bill, emptyBill, Prices, type Stretch } from "../report/energy/prices.ts";
import type { Moment } from "../tick/supervisor.ts";
import { Course, type CourseFigures } from "./course.ts";
import { told } from "./models/footprints.ts";
import type { Spent } from "./models/model-job.ts";

export interface ReplayedDecision {
  atMs: number;
  kind: EventKind;
  job: string;
  actor: Actor;
  reason: string;
}

export interface JobFigures extends Spent {
  name: string;
  /** By state, how long. */
  inState: Partial<Record<StateName, number>>;
  finishedAtMs: number | null;
}

export interface Figures {
  config: string;
  pauses: number;
  resumes: number;
  starts: number;
  /** Somebody needed what a job of ours was using. */
  pressureMs: number;
  /** Of the GPUs; null where no GPU told its power. `energyUnknownMs`: how long at least one didn't. */
  energyWh: number | null;
  energyUnknownMs: number;
  /** Of that energy; null where there is none, or no tariff. */
  bill: Bill | null;
  course: CourseFigures;
  jobs: JobFigures[];
  decisions: ReplayedDecision[];
}

/** Save, load and redone work, as a share of the work done. */
export const overheadMs = ({ loadingMs, savingMs, redoneMs }: Spent): number =>
  loadingMs + savingMs + redoneMs;

export class Tally {
  pressureMs = 0;
  energyWh = 0;
  energyKnownMs = 0;
  energyUnknownMs = 0;
  readonly bill = emptyBill();
  readonly course: Course;
  readonly inState = new Map<string, Partial<Record<StateName, number>>>();
  readonly finishedAt = new Map<string, number>();
  readonly #rules: readonly Rule[];
  readonly #prices: Prices;

  /** `span`: wall time in ms. `prices`: within it; none where there is no tariff. */
  constructor(yardstick: Config, span: { fromMs: number; untilMs: number }, prices: readonly Stretch[] = []) {
    this.course = new Course(span);
    this.#prices = new Prices(prices);
    this.#rules = yardstick.rules.filter(({ action }) => action !== "notify");
  }

  /** `ms`: how long this moment lasted. `isThere`: whether a job has processes, whatever the supervisor knows. */
  add({ world, sample, now }: Moment, ms: number, isThere: (job: string) => boolean): void {
    const jobs = Object.values(world.jobs);
    for (const { name, state } of jobs) {
      const times = this.inState.get(name) ?? {};
      times[state.name] = (times[state.name] ?? 0) + ms;
      this.inState.set(name, times);
      if (state.name === "finished" && !this.finishedAt.has(name))
        this.finishedAt.set(name, state.since.wallMs);
    }
    const there = jobs.filter(({ name }) => isThere(name));
    const felt = this.#rules.some((rule) => isFelt(rule, sample, there));
    if (felt) this.pressureMs += ms;
    const atWork = jobs.filter(({ state }) => isAtWork(state.name)).length;
    this.course.add(now.wallMs, ms, jobs.length === 0 ? 0 : atWork / jobs.length, felt);
    this.#addEnergy(sample, now.wallMs, ms);
  }

  #addEnergy({ gpus, gpusUnavailable }: Sample, wallMs: number, ms: number): void {
    let watts = gpusUnavailable === null ? 0 : null;
    for (const { metrics } of gpus) {
      const one = told(metrics["gpu.power"]);
      watts = one === null || watts === null ? null : watts + one;
    }
    if (watts === null) this.energyUnknownMs += ms;
    else if (gpus.length > 0) {
      this.energyKnownMs += ms;
      this.energyWh += (watts * ms) / 3_600_000;
      this.#prices.add(this.bill, watts, wallMs, wallMs + ms);
    }
  }
}

/** Beyond its threshold now, and a job is there whose pause would relieve it. */
function isFelt(rule: Rule, sample: Sample, jobs: readonly Job[]): boolean {
  if (!rule.metric.startsWith("gpu."))
    return isBeyond(rule, sample.machine[rule.metric as MachineMetric]) && isUsed(rule, null, sample, jobs);
  return sample.gpus.some(
    (gpu) => isBeyond(rule, gpu.metrics[rule.metric as GpuMetric]) && isUsed(rule, gpu.uuid, sample, jobs),
  );
}

function isBeyond({ above, below }: Rule, reading: Reading): boolean {
  const value = told(reading);
  if (value === null) return false;
  return above !== undefined ? value > above : below !== undefined && value < below;
}

function isUsed(rule: Rule, uuid: string | null, sample: Sample, jobs: readonly Job[]): boolean {
  const gpu = sample.gpus.find((one) => one.uuid === uuid) ?? null;
  const now = { key: keyOf(rule.name, uuid), rule, state: unread(rule, uuid, sample.at), gpu };
  return jobs.some((job) => relieves(job, now, sample));
}
