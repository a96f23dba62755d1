import { expect, test } from "vitest";
import { checkText } from "../../../../src/config/load.ts";

/** Each problem as "path: message". */
function problems(job: object): string[] {
  const checked = checkText(JSON.stringify({ jobs: [{ name: "a", command: ["true"], ...job }] }), null);
  return checked.ok ? [] : checked.problems.map(({ path, message }) => `${path}: ${message}`);
}

test("what a job on a cluster can't have is named with what to write instead, all at once", () => {
  const found = problems({
    gpuIds: [0],
    pause: { method: "freeze" },
    executor: { kind: "slurm", options: ["--account=x", "-t", "--time=5", "--no-requeue", "gpu"] },
  });
  expect(found.map((problem) => problem.split(":")[0])).toEqual(
    expect.arrayContaining([
      "jobs[0].gpuIds",
      "jobs[0].pause.method",
      "jobs[0].executor.options[1]",
      "jobs[0].executor.options[2]",
      "jobs[0].executor.options[3]",
      "jobs[0].executor.options[4]",
    ]),
  );
  expect(found).toHaveLength(6);
  expect(found.join("\n")).toContain('write "executor.timeMinutes"');
});

test("what only Slurm understands is refused on this machine", () => {
  expect(problems({ executor: { kind: "local", nodes: 2 } })).toEqual([
    expect.stringContaining('it takes "kind": "slurm"'),
  ]);
  expect(problems({ executor: { kind: "local" } })).toEqual([]);
  expect(problems({ gpus: 0, executor: { kind: "slurm", nodes: 4, options: ["--account=x"] } })).toEqual([]);
});
