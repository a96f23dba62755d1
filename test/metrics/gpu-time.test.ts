import { expect, test } from "vitest";
import { GpuTime } from "../../src/metrics/gpu-time.ts";
import { at, makeRun, runningJob } from "../decide/make.ts";

test("a job holds its GPUs while it is frozen, and not once its memory there is gone", () => {
  const run = makeRun({ gpus: ["GPU-a", "GPU-b"] });
  const job = runningJob({}, { state: { name: "running", since: at(0), run } });
  const cause = { actor: "user", reason: "", critical: false } as const;
  const frozen = { name: "frozen", since: at(0), run, cause } as const;
  const parked = { heldMiB: 9, gone: true };
  const time = new GpuTime();
  const note = (second: number, of: typeof job): void => time.note({ [job.name]: of }, at(second));
  note(0, job);
  note(10, job);
  note(15, { ...job, state: frozen });
  expect(time.of(job.name)).toBe(30);
  note(100, { ...job, state: { ...frozen, parked } as never });
  expect(time.of(job.name)).toBe(30);
});
