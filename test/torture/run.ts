/**
 * `npm run torture -- --rounds N --seed S [--only FAULT]…`: torments a supervisor and its job, and says what it came to.
 * With `--park` it is a program that is parked, over the fake drivers (needs a C compiler).
 * The seed reproduces the sequence of faults; the moments at which they meet the program are real
 * time, so a failure may need several runs of its seed to show again.
 */
import { parseArgs } from "node:util";
import { tortureParking } from "./parking.ts";
import { torture } from "./torture.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "25" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    park: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [] },
    verbose: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
  },
});
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => stop.abort(new Error(`ended by ${signal}`)));
const seed = Number(values.seed);
console.log(`seed ${seed}, ${values.rounds} rounds`);
try {
  const common = {
    seed,
    rounds: Number(values.rounds),
    stop: stop.signal,
    ...(values.verbose && { say: (line: string) => console.log(line) }),
  };
  const result = values.park
    ? { ...(await tortureParking(common)), wrong: [] }
    : await torture({ ...common, keep: values.keep, only: values.only });
  const { wrong, ...figures } = result;
  console.log(JSON.stringify(figures, null, 2));
  for (const sentence of wrong) console.error(`WRONG: ${sentence}`);
  console.log(wrong.length === 0 ? "Nothing is lost." : `Seed ${seed} failed.`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
} catch (error) {
  console.error(`Seed ${seed} failed: ${(error as Error).message}`);
  process.exitCode = 1;
}
