/**
 * A simulated day of two users on one GPU: their real policies, told of each other by claims alone, with jobs
 * handed over, turns asked for and games played at random; and what must hold at each of its moments.
 */
import { expect } from "vitest";
import { couldStart } from "../../../src/decide/sharing/line.ts";
import type { Claim, GpuProcess, GpuSample, Sample } from "../../../src/model/machine.ts";
import { type Circumstances, type OwnedProcess, readingsOf } from "../../../src/sense/gpu/readings.ts";
import { at, makeJob } from "../make.ts";
import { DWELL, House, TICK } from "./house.ts";

export const DAY = 86_400;
const GPU = "GPU-0";
const LONGEST_SAVE = 20;

/** Mulberry32. */
function dice(seed: number): (from: number, to: number) => number {
  let state = seed;
  return (from, to) => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return from + Math.floor((((word ^ (word >>> 14)) >>> 0) / 2 ** 32) * (to - from + 1));
  };
}

export class Day {
  readonly houses: [House, House];
  readonly #dice: ReturnType<typeof dice>;
  second = 0;
  /** When a game that is being played began. */
  gameSince: number | null = null;
  games = 0;
  #gameUntil = 0;
  /** Whose job's processes were on the GPU, from and to. */
  readonly truth: { uid: number; from: number; to: number }[] = [];
  #idle = 0;

  constructor(seed: number) {
    this.#dice = dice(seed);
    const sample = (house: House): Partial<Sample> => this.#sample(house);
    const isTaken = (house: House): boolean => this.#other(house).told.some(({ holds }) => holds);
    this.houses = [new House(1001, sample, isTaken), new House(1002, sample, isTaken)];
  }

  #other = (house: House): House => this.houses[house === this.houses[0] ? 1 : 0];

  run(): void {
    for (; this.second < DAY; this.second += TICK) {
      this.#happen();
      for (const house of this.houses) {
        const launches = house.machine.launches.length;
        const lines = this.#other(house).told;
        const steady = lines.filter((now) =>
          this.#other(house).toldBefore.some((one) => one.id === now.id && couldStart(one, 0)),
        );
        house.tick();
        if (house.machine.launches.length > launches) this.#mustBeFair(house, steady);
      }
      this.#mustYield();
      this.#mustNotIdle();
      this.#note();
    }
  }

  /** Jobs are handed over, people play, and somebody asks for a turn. */
  #happen(): void {
    for (const house of this.houses) {
      // At first both at once, before either has heard of the other.
      if (this.second === 0 || this.#dice(1, DAY / TICK / 14) === 1) {
        const nature = { save: this.#dice(2, LONGEST_SAVE), load: this.#dice(2, 20), cpu: 10 };
        const name = `job-${house.arrivals++}`;
        const job = { ...makeJob({ name }), state: { name: "waiting" as const, since: at(this.second) } };
        house.machine.add(job, { ...nature, steps: this.#dice(100, 2500) });
      }
      if (this.#dice(1, DAY / TICK / 12) === 1 && house.machine.askTurn("0", 60_000 * this.#dice(5, 60)))
        house.asked += 1;
    }
    if (this.gameSince === null && this.#dice(1, DAY / TICK / 8) === 1) {
      this.gameSince = this.second;
      this.games += 1;
      this.#gameUntil = this.second + 60 * this.#dice(2, 60);
    }
    if (this.gameSince !== null && this.second >= this.#gameUntil) this.gameSince = null;
  }

  #sample(house: House): Partial<Sample> {
    const now = at(this.second + TICK);
    const there: { process: GpuProcess; owned: OwnedProcess }[] = [];
    const put = (
      pid: number,
      more: Partial<GpuProcess>,
      owned: Pick<OwnedProcess, "party" | "younger">,
    ): void => {
      const process = {
        pid,
        startTime: pid,
        user: "x",
        command: "x",
        ours: null,
        gpuMemoryMiB: 4000,
        gpuPercent: 60,
      };
      const figures = { pid, memoryMiB: 4000, smPercent: 60 };
      there.push({ process: { ...process, ...more }, owned: { ...figures, ...owned } });
    };
    for (const { run } of house.machine.alive) put(10, { ours: run }, { party: "ours", younger: false });
    for (const { job } of this.#other(house).machine.alive)
      put(20, { counts: false, claimed: { user: "other", job } }, { party: "ours", younger: true });
    if (this.gameSince !== null) put(30, { otherUser: true }, { party: "others", younger: true });
    const used = 500 + 4000 * there.length;
    const figures = { utilization: there.length > 0 ? 97 : 0, memoryTotalMiB: 24_000, memoryUsedMiB: used };
    const memoryFreeMiB = 23_600 - used;
    const report = {
      uuid: GPU,
      index: 0,
      name: "x",
      source: "NVML",
      memoryFreeMiB,
      temperature: 50,
      powerWatts: 100,
      powerLimitWatts: 450,
    };
    const here: Circumstances = {
      atMs: now.monotonicMs,
      oursHere: house.machine.alive.length > 0,
      blind: null,
      ignoreBelow: 30,
      visited: true,
    };
    const read = (value: number) => ({ value, atMs: now.monotonicMs });
    const gpu: GpuSample = {
      uuid: GPU,
      index: 0,
      name: "x",
      device: { runtime: "cuda", number: 0 },
      memoryTotalMiB: read(24_000),
      memoryUsedMiB: read(used),
      powerLimitWatts: read(450),
      metrics: readingsOf(
        { ...report, ...figures, throttled: 0, processes: [] },
        there.map(({ owned }) => owned),
        here,
      ),
      processes: there.map(({ process }) => process),
    };
    // Files are read at any moment: what was just written may or may not be seen yet.
    const { told, toldBefore } = this.#other(house);
    const claims = [...(this.#dice(0, 1) === 0 ? told : toldBefore)].sort(
      (a, b) => a.sinceMs - b.sinceMs || (a.id < b.id ? -1 : 1),
    );
    return { gpus: [gpu], gpusUnavailable: null, claims, claimant: house.claimant };
  }

  /** Nobody goes who came later than somebody who could have started for a while. */
  #mustBeFair(house: House, waiting: Claim[]): void {
    const started = house.machine.launches.at(-1)?.job ?? "";
    const since = house.told
      .concat(house.toldBefore)
      .find(({ job, holds }) => job === started && !holds)?.sinceMs;
    for (const one of waiting.filter(({ holds, readyMs }) => !holds && readyMs === 0))
      expect(one.sinceMs, `${one.id} was before ${started} at ${this.second} s`).toBeGreaterThanOrEqual(
        since ?? at(this.second).wallMs,
      );
  }

  /** A game finds the GPU its own, however much the two would like to have it. */
  #mustYield(): void {
    if (this.gameSince === null) return;
    const limit = DWELL + LONGEST_SAVE + 4 * TICK;
    const alive = this.houses.flatMap(({ machine }) => machine.alive);
    if (this.second - this.gameSince > limit && alive.length > 0)
      expect.fail(`${JSON.stringify(alive)} at ${this.second} s, in a game since ${this.gameSince} s`);
  }

  /** A free GPU is taken by who waits for it. */
  #mustNotIdle(): void {
    const busy = this.gameSince !== null || this.houses.some(({ machine }) => machine.alive.length > 0);
    const ready = this.houses.some(({ told }) => told.some(({ holds, readyMs }) => !holds && readyMs === 0));
    this.#idle = busy || !ready ? 0 : this.#idle + 1;
    if (this.#idle >= 12) expect.fail(`nobody takes the free GPU at ${this.second} s`);
  }

  #note(): void {
    const holders = this.houses.filter(({ machine }) => machine.alive.length > 0);
    if (holders.length > 1) expect.fail(`both hold the GPU at ${this.second} s`);
    const [holder] = holders;
    if (holder === undefined) return;
    const last = this.truth.at(-1);
    if (last?.uid === holder.uid && last.to === this.second - TICK) last.to = this.second;
    else this.truth.push({ uid: holder.uid, from: this.second, to: this.second });
  }
}
