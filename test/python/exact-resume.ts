/** Pausing a real PyTorch job again and again must not change a single bit of its weights. */
import { join } from "node:path";
import { expect } from "vitest";
import { Random } from "../../jobs/voice-train/random.ts";
import { verifyCheckpoint } from "../../src/job/checkpoint/find-checkpoint.ts";
import { endOf, launch, plainEnvironment, start, temporaryFolder } from "../job/launch.ts";
import { testWith, torch } from "../needs.ts";
import { rounds } from "../rounds.ts";
import {
  argumentsOf,
  hashIn,
  MOMENTS,
  type Moment,
  pauseAt,
  reportOf,
  type Shape,
  STEPS_PER_EPOCH,
  voice,
  type Where,
} from "./voice.ts";

const PAUSES = rounds(20);
/** More than will have been made when the last pause is asked for, however late that is on a busy machine. */
const STEPS = 10 * PAUSES + 30;
/** Twenty-two starts of PyTorch, on a machine that is busy with other tests. */
const LIMIT = { timeout: 1_800_000 };

/** For each number of workers: a run that is paused at 20 moments, and an uninterrupted one with the other number. */
export function resumesExactly(ranks: number): void {
  for (const workers of [0, 2]) {
    const name = `${ranks} rank(s), ${workers} workers: paused at ${PAUSES} moments, bit-identical weights`;
    testWith(torch)(name, LIMIT, async () => {
      const seed = Date.now() % 1_000_000;
      const dice = new Random(seed);
      const where = { job: temporaryFolder(), random: () => dice.next() };
      const shape = { ranks, workers, steps: STEPS };
      // Each begins where the one before has ended, so that together they meet every moment.
      const first = (2 * (ranks - 1) + (workers === 0 ? 0 : 1)) * PAUSES;
      const stops: [Moment, number][] = [];
      let step = 0;
      for (let pause = 0; pause < PAUSES; pause++) {
        const moment = MOMENTS[(first + pause) % MOMENTS.length] as Moment;
        step = await pauseOnce(moment, shape, step, where);
        stops.push([moment, step]);
      }
      console.log(`seed ${seed}: ${stops.map(([moment, at]) => `${moment} ${at}`).join(", ")}`);
      for (const [moment, at] of stops) if (moment === "epoch's end") expect(at % STEPS_PER_EPOCH).toBe(0);
      const last = await launch(voice, argumentsOf(shape), where.job).ended;
      expect(last.output).toContain(`resumed at step ${step}`);
      const other = { ...shape, workers: workers === 0 ? 2 : 0 };
      const whole = await endOf(start(voice, argumentsOf(other), plainEnvironment()));
      expect(hashIn(whole.output), whole.output).toMatch(/./);
      expect(hashIn(last.output), last.output).toBe(hashIn(whole.output));
    });
  }
}

/** Returns the step at which all ranks have stopped, after checking that each of them says so. */
async function pauseOnce(moment: Moment, shape: Shape, from: number, where: Where): Promise<number> {
  const run = await pauseAt(moment, shape, from, where);
  const { code, output } = await run.ended;
  expect(code, `${moment} after step ${from}: ${output}`).toBe(75);
  const reports = Array.from({ length: shape.ranks }, (_, rank) => reportOf(run, rank));
  const step = Number(reports[0]?.step);
  for (const report of reports)
    expect(report).toMatchObject({ state: "paused", step, worldSize: shape.ranks });
  expect(step).toBeGreaterThanOrEqual(from);
  const path = join(where.job, "checkpoints", String(reports[0]?.checkpoint));
  expect(await verifyCheckpoint(path)).toMatchObject({ step });
  return step;
}
