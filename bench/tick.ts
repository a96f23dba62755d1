/**
 * CPU time of one whole tick: with 1 job, and with 1,000 known of which one runs.
 */
import { setTimeout as wait } from "node:timers/promises";
import { clock } from "../src/clock.ts";
import { superviseHere } from "./in-process.ts";
import type { Measured } from "./run.ts";

const TICKS = 200;
const WARM_UP = 30;

/** Mean CPU ms of a tick with `known` jobs. */
async function tickMs(known: number): Promise<number> {
  const { supervisor, close } = superviseHere(known, clock);
  let spent = 0;
  for (let i = 0; i < WARM_UP + TICKS; i++) {
    const before = process.cpuUsage();
    supervisor.tick();
    const { user, system } = process.cpuUsage(before);
    if (i >= WARM_UP) spent += (user + system) / 1000;
    await wait(15);
  }
  close();
  return spent / TICKS;
}

export async function measure(): Promise<Measured[]> {
  const detail = `mean of ${TICKS} ticks, real sensors, policy and database`;
  return [
    { name: "a tick, 1 job", unit: "ms of CPU", value: await tickMs(1), target: 1, detail },
    { name: "a tick, 1,000 jobs known", unit: "ms of CPU", value: await tickMs(1000), target: 10, detail },
  ];
}

if (process.argv[1] === import.meta.filename) console.table(await measure());
