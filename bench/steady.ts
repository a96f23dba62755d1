/**
 * Whether memory stays flat: what a whole supervisor holds after each of many ticks, a second apart on
 * its own clock, with garbage collected. A leak of 100 bytes a tick is 60 MB in a week of them.
 */
import { setImmediate as turn } from "node:timers/promises";
import v8 from "node:v8";
import vm from "node:vm";
import { clock } from "../src/clock.ts";
import { superviseHere } from "./in-process.ts";
import type { Measured } from "./run.ts";

const TICKS = Number(process.env.BENCH_TICKS ?? 100_000);
/** By then every buffer and ring of the program is full, and the compiler has seen what there is. */
const WARM_UP = TICKS / 5;

v8.setFlagsFromString("--expose-gc");
const collect = vm.runInNewContext("gc") as () => void;

async function heldMiB(): Promise<number> {
  // What is freed by a finaliser needs a second round.
  for (let i = 0; i < 2; i++, await turn()) collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1_048_576;
}

export async function measure(): Promise<Measured[]> {
  const start = clock.now();
  let ticks = 0;
  const faster = {
    now: () => ({ wallMs: start.wallMs + ticks * 1000, monotonicMs: start.monotonicMs + ticks * 1000 }),
  };
  const { supervisor, close } = superviseHere(1, faster, { scans: false });
  const after = async (count: number): Promise<number> => {
    for (; ticks < count; ticks++) {
      supervisor.tick();
      if (ticks % 100 === 0) await turn();
    }
    return heldMiB();
  };
  const early = await after(WARM_UP);
  const late = await after(TICKS);
  close();
  const bytes = ((late - early) * 1_048_576) / (TICKS - WARM_UP);
  return [
    {
      name: "memory that a tick leaves behind",
      unit: "bytes",
      value: Math.round(bytes * 10) / 10,
      target: 1,
      detail: `${TICKS.toLocaleString("en")} ticks with garbage collected: ${early.toFixed(2)} MiB after a fifth of them, ${late.toFixed(2)} MiB at the end`,
    },
  ];
}

if (process.argv[1] === import.meta.filename) console.table(await measure());
