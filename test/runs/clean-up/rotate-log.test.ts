import {
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rotateBetweenRuns, rotateWhileRunning } from "../../../src/runs/clean-up/rotate-log.ts";
import { givenJob, givenState, start, until } from "../given.ts";

const LIMITS = { maxMiB: 1, keep: 2 };
const large = (letter: string): string => letter.repeat(1_100_000);

test("between runs: renamed, the newest old one first, no more than are kept", () => {
  const path = join(givenState(), "job.log");
  writeFileSync(path, "small");
  rotateBetweenRuns(path, LIMITS);
  expect(readFileSync(path, "utf8")).toBe("small");
  for (const letter of ["a", "b", "c"]) {
    writeFileSync(path, large(letter));
    rotateBetweenRuns(path, LIMITS);
    expect(existsSync(path)).toBe(false);
  }
  expect([1, 2].map((n) => readFileSync(`${path}.${n}`, "utf8")[0])).toEqual(["c", "b"]);
  expect(existsSync(`${path}.3`)).toBe(false);
});

test("under a running job: copied and cut, and the job goes on at its beginning", async () => {
  const path = join(givenState(), "job.log");
  const log = openSync(path, "a", 0o600);
  writeSync(log, large("a"));
  await rotateWhileRunning(path, LIMITS);
  writeSync(log, "after");
  expect(readFileSync(path, "utf8")).toBe("after");
  expect(statSync(`${path}.1`)).toMatchObject({ size: 1_100_000 });
  expect(statSync(`${path}.1`).mode & 0o777).toBe(0o600);
});

test("a log that can't be looked at stays as it is, and ends nobody", async () => {
  const folder = givenState();
  symlinkSync("loop", join(folder, "loop"));
  const path = join(folder, "loop", "job.log");
  expect(() => rotateBetweenRuns(path, LIMITS)).not.toThrow();
  await expect(rotateWhileRunning(path, LIMITS)).resolves.toBeUndefined();
});

test("a run that begins while the last one's log is copied keeps what it has written", async () => {
  const path = join(givenState(), "job.log");
  writeFileSync(path, "the last run");
  // Sparse, and takes its time to copy.
  truncateSync(path, 300 * 1_048_576);
  const rotated = rotateWhileRunning(path, LIMITS);
  await until("the copy to begin", () => existsSync(`${path}.new`), { everyMs: 1 });
  renameSync(path, `${path}.aside`);
  writeFileSync(path, "begins at 0");
  await rotated;
  expect(readFileSync(path, "utf8")).toBe("begins at 0");
  expect(statSync(`${path}.aside`).size).toBe(300 * 1_048_576);
  expect(existsSync(`${path}.new`)).toBe(false);
});

test("older logs stay where the copy fails", async () => {
  const path = join(givenState(), "job.log");
  writeFileSync(path, large("a"));
  for (const number of [1, 2]) writeFileSync(`${path}.${number}`, `old ${number}`);
  // Something that can't be replaced by a file stands where the copy would.
  mkdirSync(join(`${path}.new`, "in the way"), { recursive: true });
  await rotateWhileRunning(path, LIMITS);
  expect([1, 2].map((number) => readFileSync(`${path}.${number}`, "utf8"))).toEqual(["old 1", "old 2"]);
  expect(statSync(path).size).toBe(1_100_000);
});

test("a link in its place is neither followed nor moved", async () => {
  const state = givenState();
  const [target, path] = [join(state, "target"), join(state, "job.log")];
  writeFileSync(target, large("t"));
  symlinkSync(target, path);
  rotateBetweenRuns(path, LIMITS);
  await rotateWhileRunning(path, LIMITS);
  expect(statSync(target).size).toBe(1_100_000);
  expect(existsSync(`${path}.1`)).toBe(false);
});

test("a log that is a link made beforehand: the launch fails, what it leads to stays as it is", async () => {
  const state = givenState();
  const target = join(state, "target");
  writeFileSync(target, "precious");
  symlinkSync(target, join(state, "logs", "job.log"));
  await expect(
    start(state, givenJob(["sh", "-c", "echo overwritten"])).then((it) =>
      until("an end", () => it.see().exit),
    ),
  ).rejects.toThrow(
    /its log .*job\.log is a symbolic link, which the supervisor doesn't follow; move it away/,
  );
  expect(readFileSync(target, "utf8")).toBe("precious");
});
