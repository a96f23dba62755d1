/** Uses the library in ways that go wrong for somebody, some day. Argument: which. */
import { spawnSync } from "node:child_process";
import { renameSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { job, type Save } from "../../src/job/index.ts";

const [odd = "", ...rest] = process.argv.slice(2);
const good: Save = (files) => files.file("state.bin", "state");

const badSaves: Record<string, Save> = {
  throws: async (files) => {
    await files.file("half.bin", "half");
    throw new Error("a mistake of mine");
  },
  "throws what isn't an error": () => Promise.reject("a mere word"),
  "renames its file": async (files) => {
    await files.file("state.part", "state");
    renameSync(join(files.directory, "state.part"), join(files.directory, "state.bin"));
  },
  "goes on writing": async (files) => {
    await files.file("state.bin", "state");
    writeFileSync(join(files.directory, "state.bin"), "another state");
  },
  "saves within": async (files) => {
    await good(files);
    await job.save(3, good);
  },
  "steps within": async (files) => {
    await good(files);
    await job.step(3, { save: good });
  },
  "links a folder": async (files) => {
    await good(files);
    symlinkSync(tmpdir(), join(files.directory, "link"));
  },
};

async function saveBadly(): Promise<void> {
  const resumed = await job.resume();
  await job.save(1, good);
  const step = odd === "has a step below 0" ? -1 : 2;
  const failure = await job.save(step, badSaves[odd] ?? good).then(
    () => "it was accepted",
    (error) => (error instanceof Error ? error.message : String(error)),
  );
  console.log(`${resumed === null ? "first" : "again"}: ${failure}`);
}

if (odd === "in another directory") {
  process.chdir(rest[0] as string);
  await job.save(1, good);
} else if (odd === "saves twice") {
  const from = (await job.resume())?.step ?? 0;
  for (const step of [from + 1, from + 2]) await job.save(step, good);
  console.log(`from ${from}`);
} else if (odd === "starts a rank") {
  await job.step(1);
  const env = { ...process.env, RANK: "0", WORLD_SIZE: "2" };
  const child = [process.argv[1] as string, "is a child"];
  const { stdout, stderr } = spawnSync(process.execPath, child, { env, encoding: "utf8" });
  console.log(`${stdout}${stderr}status pid is mine ${job.report?.pid === process.pid}`);
} else if (odd === "says too much") {
  const metrics = Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`metric ${at}`, at]));
  await job.step(1, { epoch: 0.5, loss: Number.NaN, metrics });
  await job.save(1, good, { epoch: 0.5 });
  await job.save(2, good, { epoch: -1 });
  await job.save(3, () => Promise.reject(new Error("x".repeat(100_000)))).catch(() => {});
} else if (odd === "never saves" || odd === "saves now and then") {
  // A checkpoint isn't due yet.
  await job.step(1, odd === "never saves" ? {} : { save: good });
  for (let step = 2; ; step++) {
    await wait(20);
    await job.step(step);
  }
} else if (odd === "is a child") {
  process.kill(process.pid, "SIGUSR2");
  await job.resume();
  console.log(`child supervised ${job.supervised}`);
} else await saveBadly();
