/** What is measured again and again: each program once in a round, so that the machine's moods hit all alike. */
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { until } from "../../test/until.ts";
import type { Peer, Taking } from "./peer.ts";
import { markOf } from "./place.ts";

const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** By name, in the order of the first. */
class Found {
  readonly #values = new Map<string, number[]>();

  add(name: string, value: number): void {
    this.#values.set(name, [...(this.#values.get(name) ?? []), value]);
  }

  medians(): Record<string, number> {
    return Object.fromEntries([...this.#values].map(([name, values]) => [name, median(values)]));
  }
}

/** From nothing to the first answer, ms. */
export async function startUps(peers: Peer[], rounds: number): Promise<Record<string, number>> {
  const found = new Found();
  for (let round = 0; round < rounds; round++) {
    for (const { name, startUpMs } of peers) {
      if (startUpMs !== undefined) found.add(name, await startUpMs());
    }
  }
  return found.medians();
}

/** From the command's start to the job's first moment, ms. */
export async function submissions(peers: Peer[], rounds: number): Promise<Record<string, number>> {
  const takers: { name: string; taking: Taking }[] = [];
  const found = new Found();
  try {
    for (const { name, take } of peers) {
      if (take !== undefined) takers.push({ name, taking: await take(rounds) });
    }
    for (let round = 0; round < rounds; round++) {
      for (const { name, taking } of takers) {
        // At another moment of whoever looks once a second.
        await wait(200 + ((round * 373) % 1000));
        found.add(name, await submission(name, taking, round));
      }
    }
    return found.medians();
  } finally {
    for (const { taking } of takers) await taking.close();
  }
}

async function submission(name: string, taking: Taking, round: number): Promise<number> {
  const mark = markOf(name, round);
  const began = performance.timeOrigin + performance.now();
  await taking.submit(round, mark);
  const text = await until(`the job of ${name}`, () => readFileSync(mark, "utf8").trim(), { everyMs: 20 });
  return Number(text) / 1e6 - began;
}
