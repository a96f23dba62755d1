import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkpointName } from "../../../src/contract/names.ts";
import { startTimeOf } from "../../../src/job/report/status.ts";
import type { Job } from "../../../src/model/job.ts";
import { givenRun, inState, until } from "../given.ts";
import { given, save, verify } from "./given.ts";

test("pruning keeps the newest, the one resumed from, and the newest that was checked in full", async () => {
  const { runs, job, directory } = given();
  for (const step of [10, 20, 30, 40, 50, 60]) save(directory, step);
  const all = runs.checkpoints(job).checkpoints;
  await verify(
    runs,
    job,
    all.find(({ step }) => step === 30),
  );
  await until("its verdict", () =>
    runs.checkpoints(job).checkpoints.some(({ verified }) => verified === "full"),
  );
  const run = givenRun({ resumedFrom: join(directory, checkpointName(10)) });
  expect(await runs.perform({ do: "prune", job: "job", keep: 2 }, inState(job, run, "running"))).toEqual({
    ok: true,
  });
  expect(readdirSync(directory).sort()).toEqual([10, 30, 50, 60].map(checkpointName));
  expect(runs.checkpoints(job).checkpoints.map(({ step }) => step)).toEqual([60, 50, 30, 10]);
});

test("pruning goes by the step, also where another digit begins", async () => {
  const { runs, job, directory } = given();
  writeFileSync(join(save(directory, 99_999_999), "model.bin"), "cut");
  save(directory, 100_000_000);
  await runs.perform({ do: "prune", job: "job", keep: 1 }, job);
  expect(readdirSync(directory)).toEqual([checkpointName(100_000_000)]);
});

test("half-written checkpoints go once their writer is gone", async () => {
  const { runs, job, directory } = given();
  save(directory, 10);
  const strange = join(directory, ".tmp-by-another-writer");
  mkdirSync(strange);
  const running = inState(job, givenRun(), "running");
  await runs.perform({ do: "prune", job: "job", keep: 2 }, running);
  expect(existsSync(strange)).toBe(true);
  await runs.perform({ do: "prune", job: "job", keep: 2 }, job);
  expect(readdirSync(directory)).toEqual([checkpointName(10)]);
});

test("a restore under way is left alone, also without a live run; one that was killed isn't", async () => {
  const { runs, job, directory } = given();
  save(directory, 10);
  const named = (startTime: number) => `.tmp-${checkpointName(20)}.${process.pid}.${startTime}.${hostname()}`;
  const [alive, killed] = [named(startTimeOf(process.pid) ?? 0), named(1)];
  for (const name of [alive, killed]) mkdirSync(join(directory, name));
  await runs.perform({ do: "prune", job: "job", keep: 2 }, job);
  expect(readdirSync(directory).sort()).toEqual([alive, checkpointName(10)]);
});

test("beside a live run in a container, where pids are others, nothing half-written goes", async () => {
  const { runs, job, directory } = given();
  save(directory, 10);
  const inside = `.tmp-${checkpointName(20)}.7.4711.${hostname()}`;
  mkdirSync(join(directory, inside));
  const contained = { ...job, spec: { ...job.spec, container: { engine: "podman", image: "x" } } } as Job;
  const running = inState(contained, givenRun(), "running");
  await runs.perform({ do: "prune", job: "job", keep: 2 }, running);
  expect(existsSync(join(directory, inside))).toBe(true);
});
