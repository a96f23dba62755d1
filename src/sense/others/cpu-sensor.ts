/**
 * The CPU readings of a tick: the machine's, each run's and others'. Holds the snapshots that windows are
 * made of, and the guard that looks between samples. Decides nothing.
 */
import type { Claim, Looked, Reading, Sample } from "../../model/machine.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import type { Machine } from "../machine/machine.ts";
import type { ProcessOwners } from "../owners/process-owners.ts";
import { CpuAttribution, type OthersUse } from "./attribute-cpu.ts";
import { ClaimedCpu } from "./claimed-cpu.ts";
import { CpuGuard } from "./cpu-guard.ts";
import { type CpuWindow, windowBetween } from "./cpu-window.ts";
import { type CpuSnapshot, OurCpu } from "./our-cpu.ts";
import { RecentSnapshots } from "./recent-snapshots.ts";

export const FIRST_READING = "it takes two readings, and this is the first";

/** While nobody seems to use the CPU: reading a hundred claims takes milliseconds. */
const CLAIMS_LAST_MS = 10_000;

export interface CpuSensorOptions {
  supervisorPid: number;
  owners: ProcessOwners;
  claims: (() => readonly Claim[]) | undefined;
  /** Why others' processes can't be seen; null when they can. */
  hidden: string | null;
}

/** The newest snapshot and its window; `reason`: why there is no window. */
export interface CpuLook {
  snapshot: CpuSnapshot | null;
  window: CpuWindow | null;
  reason: string;
}

export interface CpuUse {
  metrics: Record<"cpu.total" | "cpu.others", Reading>;
  withoutNice: Record<"cpu.total" | "cpu.others", Reading>;
  runs: Map<string, Reading>;
  foreign: Sample["foreign"];
  looked?: Looked;
}

export class CpuSensor {
  readonly #machine: Machine;
  readonly #supervisorPid: number;
  readonly #hidden: string | null;
  readonly #snapshots = new RecentSnapshots();
  readonly #claims: () => readonly Claim[];
  readonly #claimed = new ClaimedCpu();
  #claimsReadAtMs = Number.NEGATIVE_INFINITY;
  readonly #ours: OurCpu;
  readonly #attribution: CpuAttribution;
  readonly #guard: CpuGuard;
  #newest: CpuSnapshot | null = null;
  #isWarm = false;
  /** The current sample follows a call of the guard. */
  #called = false;

  constructor(machine: Machine, { supervisorPid, owners, claims = () => [], hidden }: CpuSensorOptions) {
    this.#machine = machine;
    this.#supervisorPid = supervisorPid;
    this.#hidden = hidden;
    this.#claims = claims;
    this.#ours = new OurCpu(supervisorPid, this.#claimed);
    this.#attribution = new CpuAttribution({ owners, ours: this.#ours, claimed: this.#claimed, claims });
    this.#guard = new CpuGuard(machine, this.#ours, this.#snapshots);
  }

  /** Takes a snapshot. Its window reaches back to a suitable earlier one. */
  look(runs: readonly LiveRun[], atMs: number): CpuLook {
    const cpu = this.#machine.cpuTimes();
    if ("unavailable" in cpu) return { snapshot: null, window: null, reason: cpu.unavailable };
    const snapshot = this.#ours.look(cpu, runs, atMs, true);
    this.#called = this.#guard.sees(snapshot);
    const before = this.#snapshots.before(snapshot, runs, this.#called);
    this.#snapshots.add(snapshot);
    this.#newest = snapshot;
    const window = before && windowBetween(before, snapshot, runs, this.#supervisorPid);
    const reason = before ? "the kernel's CPU time counters haven't advanced" : FIRST_READING;
    return { snapshot, window, reason };
  }

  /** The readings of a look. May scan all processes. */
  read(runs: readonly LiveRun[], { snapshot, window, reason }: CpuLook): CpuUse {
    if (!snapshot || !window) {
      this.#guard.sampled(null, null, 0);
      return noCpuUse(runs, reason);
    }
    const read = (ticks: number): Reading => ({
      value: Math.min(100, Math.max(0, (100 * ticks) / window.all)),
      atMs: snapshot.atMs,
    });
    const { others, othersWithoutNice, foreign, looked, claimedPercent } =
      this.#hidden === null
        ? this.#attribution.attribute(window, snapshot, runs, this.#called)
        : hiddenOthers(this.#hidden);
    this.#guard.sampled("value" in others ? others.value : null, window, claimedPercent);
    const total = window.processes + window.interrupts;
    const uses = new Map<string, Reading>();
    for (const [id, ticks] of window.runs) uses.set(id, read(ticks));
    return {
      metrics: { "cpu.total": read(total), "cpu.others": others },
      withoutNice: { "cpu.total": read(total - window.nice), "cpu.others": othersWithoutNice },
      runs: uses,
      foreign,
      ...(looked && { looked }),
    };
  }

  /** Calls `suspect` between samples when others seem to use more than this; null: never. */
  guard(othersAbovePercent: number | null, runs: readonly LiveRun[], suspect: () => void): void {
    const threshold = this.#hidden === null ? othersAbovePercent : null;
    if (threshold !== null && !this.#isWarm && this.#newest) {
      this.#isWarm = true;
      this.#attribution.warmUp(this.#newest, runs);
    }
    if (threshold !== null) this.#followClaims(runs);
    this.#guard.set(threshold, runs, suspect);
  }

  /** So that a look of the guard knows from the first what other supervisors' jobs use. */
  #followClaims(runs: readonly LiveRun[]): void {
    const nowMs = this.#newest?.atMs ?? 0;
    if (nowMs - this.#claimsReadAtMs < CLAIMS_LAST_MS) return;
    this.#claimsReadAtMs = nowMs;
    this.#claimed.follow(this.#claims(), runs);
  }

  close(): void {
    this.#guard.stop();
    this.#ours.close();
    this.#claimed.close();
  }
}

function noCpuUse(runs: readonly LiveRun[], reason: string): CpuUse {
  const unavailable: Reading = { unavailable: reason };
  const metrics = { "cpu.total": unavailable, "cpu.others": unavailable };
  return {
    metrics,
    withoutNice: metrics,
    runs: new Map(runs.map(({ id }) => [id, unavailable])),
    foreign: [],
  };
}

const hiddenOthers = (reason: string): OthersUse => ({
  others: { unavailable: reason },
  othersWithoutNice: { unavailable: reason },
  foreign: [],
  claimedPercent: 0,
});
