/** Seeded days of what others do, one value a second, each with the rule that is about it. */
import type { Scene } from "../../test/replay/material.ts";

const DAY = 86_400;

export interface Trace {
  name: string;
  /** The rule's metric and thresholds; `percentOfOthers`: whether peers have a rule for it, too. */
  rule: { metric: string; above?: number; below?: number; clear: { above?: number; below?: number } };
  percentOfOthers: boolean;
  values: Float32Array;
  scene: (value: number) => Scene;
}

/** mulberry32: the same days for the same seed, everywhere. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Chance = () => number;
const between = (chance: Chance, least: number, most: number): number => least + chance() * (most - least);

const GPU: Pick<Trace, "rule" | "percentOfOthers" | "scene"> = {
  rule: { metric: "gpu.others.utilization", above: 25, clear: { below: 10 } },
  percentOfOthers: true,
  scene: (value) => ({ cpuOthers: 0, gpuOthers: value }),
};

/** Spells of use: each begins after `quiet` seconds and lasts `busy`; between spells the machine idles. */
function spells(
  chance: Chance,
  hours: [from: number, to: number][],
  [quiet, busy]: [quiet: [number, number], busy: [number, number]],
): Float32Array {
  const values = new Float32Array(DAY).map(() => chance() * 6);
  for (const [from, to] of hours) {
    for (let at = from * 3600 + between(chance, ...quiet); at < to * 3600; at += between(chance, ...quiet)) {
      const end = Math.min(DAY, at + between(chance, ...busy));
      const level = between(chance, 35, 99);
      for (let second = Math.floor(at); second < end; second++)
        values[second] = Math.min(100, Math.max(0, level + between(chance, -8, 8)));
      at = end;
    }
  }
  return values;
}

export function traces(seed: number): Trace[] {
  const chance = random(seed);
  return [
    {
      name: "office day",
      ...GPU,
      values: spells(
        chance,
        [
          [9, 12],
          [13, 18],
        ],
        [
          [60, 1500],
          [20, 900],
        ],
      ),
    },
    {
      name: "gaming evening",
      ...GPU,
      values: spells(
        chance,
        [[18, 24]],
        [
          [300, 1800],
          [1200, 7200],
        ],
      ),
    },
    {
      name: "bursty server",
      ...GPU,
      values: spells(
        chance,
        [[0, 24]],
        [
          [5, 240],
          [1, 15],
        ],
      ),
    },
    {
      name: "several users",
      ...GPU,
      values: most(
        spells(
          chance,
          [[8, 17]],
          [
            [200, 3000],
            [30, 1200],
          ],
        ),
        spells(
          chance,
          [[10, 20]],
          [
            [400, 4000],
            [10, 600],
          ],
        ),
        spells(
          chance,
          [[20, 24]],
          [
            [100, 900],
            [300, 3000],
          ],
        ),
      ),
    },
    { name: "square wave, 40 s", ...GPU, values: square(20, 20) },
    { name: "square wave, 10 min", ...GPU, values: square(300, 300) },
    {
      name: "memory leak",
      rule: { metric: "memory.availablePercent", below: 5, clear: { above: 15 } },
      percentOfOthers: false,
      values: leak(chance),
      scene: (value) => ({ cpuOthers: 0, gpuOthers: 0, availableMiB: value * 640 }),
    },
    {
      name: "thermal summer",
      rule: { metric: "gpu.temperature", above: 90, clear: { below: 75 } },
      percentOfOthers: false,
      values: summer(chance),
      scene: (value) => ({ cpuOthers: 0, gpuOthers: 0, temperature: value }),
    },
  ];
}

/** `high` seconds of use, then `low` seconds without, all day. */
export const square = (high: number, low: number, seconds = DAY): Float32Array =>
  new Float32Array(seconds).map((_, second) => (second % (high + low) < high ? 95 : 2));

const most = (...all: Float32Array[]): Float32Array =>
  new Float32Array(DAY).map((_, at) => Math.max(...all.map((one) => one[at] ?? 0)));

/** Somebody's program takes more and more, until it is ended and begins anew. */
function leak(chance: Chance): Float32Array {
  const values = new Float32Array(DAY);
  for (let at = 0; at < DAY; ) {
    const lasts = Math.floor(between(chance, 5000, 14_000));
    for (let second = 0; second < lasts && at < DAY; second++, at++)
      values[at] = Math.max(1.5, 62 * (1 - second / lasts) ** 0.8 + between(chance, -0.4, 0.4));
  }
  return values;
}

/** Hot around three in the afternoon, with clouds. */
function summer(chance: Chance): Float32Array {
  let cloud = 0;
  return new Float32Array(DAY).map((_, second) => {
    cloud += 0.004 * (between(chance, -9, 9) - cloud * 0.2);
    const day = Math.sin((second / DAY - 0.37) * Math.PI * 2);
    return 72 + 20 * Math.max(-0.6, day) + cloud + between(chance, -0.7, 0.7);
  });
}
