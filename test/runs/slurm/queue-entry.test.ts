import { expect, test } from "vitest";
import { commentOf, parseQueue } from "../../../src/runs/slurm/queue-entry.ts";

const entry = (fields: object) =>
  parseQueue(
    JSON.stringify({ errors: [], jobs: [{ job_id: 7, comment: commentOf("t"), user_id: 5, ...fields }] }),
  )[0];

test("Slurm 22.05 and later versions say the same in other shapes", () => {
  const old = { job_state: "RUNNING", restart_cnt: 2, priority: 91, exit_code: 0, nodes: "n[1-2]" };
  const set = (number: number) => ({ set: true, infinite: false, number });
  const late = { ...old, job_state: ["RUNNING"], restart_cnt: 2, priority: set(91) };
  const times = { time_limit: set(60), end_time: set(1_700_000_000) };
  expect(entry({ ...old, time_limit: 60, end_time: 1_700_000_000 })).toEqual({
    id: 7,
    token: "t",
    uid: 5,
    state: "RUNNING",
    held: false,
    reason: null,
    nodes: "n[1-2]",
    restarts: 2,
    exitCode: 0,
    preempted: false,
    endsAtMs: 1_700_000_000_000,
  });
  expect(entry({ ...late, exit_code: { return_code: set(0) }, ...times })).toEqual(
    entry({ ...old, time_limit: 60, end_time: 1_700_000_000 }),
  );
  const unlimited = { set: false, infinite: true, number: 0 };
  expect(entry({ ...old, time_limit: unlimited, end_time: set(9) })?.endsAtMs).toBeNull();
});

test("a job is held by its priority, its state or its flag", () => {
  const held = (fields: object) => entry(fields)?.held;
  expect(held({ job_state: "PENDING", priority: 0 })).toBe(true);
  expect(held({ job_state: "PENDING", priority: 4, hold: true })).toBe(true);
  expect(held({ job_state: ["PENDING", "SPECIAL_EXIT"], priority: 4 })).toBe(true);
  expect(held({ job_state: "SPECIAL_EXIT", priority: 4 })).toBe(true);
  expect(held({ job_state: "PENDING", priority: 4 })).toBe(false);
  expect(held({ job_state: "RUNNING", priority: 0 })).toBe(false);
});

test("jobs of nobody's supervisor are left out, and exit codes are taken from wait statuses", () => {
  expect(entry({ comment: "mine", job_state: "RUNNING" })).toBeUndefined();
  expect(entry({ job_state: "FAILED", exit_code: 9 << 8 })?.exitCode).toBe(9);
  expect(entry({ job_state: "FAILED", exit_code: 9 })?.exitCode).toBeNull();
});

test("an answer that names an error, or is none, says nothing of any job", () => {
  const failed = { errors: [{ error: "Unable to contact slurm controller (connect failure)" }], jobs: [] };
  expect(() => parseQueue(JSON.stringify(failed))).toThrow("Unable to contact slurm controller");
  expect(() => parseQueue("{}")).toThrow();
  expect(() => parseQueue("slurm_load_jobs error")).toThrow();
});
