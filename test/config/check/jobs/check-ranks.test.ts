import { expect, test } from "vitest";
import { checkText } from "../../../../src/config/load.ts";

/** Each problem as "path: message". */
function problems(command: string, method: string, more: object = {}): string[] {
  const job = { name: "a", command: command.split(" "), pause: { method }, ...more };
  const checked = checkText(JSON.stringify({ jobs: [job] }), null);
  return checked.ok ? [] : checked.problems.map(({ path, message }) => `${path}: ${message}`);
}

test.each([
  ["torchrun --nproc_per_node=4 say.py", "standby", "--nproc_per_node=4"],
  ["/opt/env/bin/torchrun --standalone --nnodes 2 say.py", "freeze", "--nnodes 2"],
  ["python3 -u -m torch.distributed.run --nproc-per-node 8 say.py", "park", "--nproc-per-node 8"],
  ["uv run accelerate launch --num_processes 3 say.py", "standby", "--num_processes 3"],
  ["mpirun -np 2 say", "freeze", "-np 2"],
  ["deepspeed --num_gpus=2 say.py", "standby", "--num_gpus=2"],
])("%s, on %s, is refused", (command, method, told) => {
  expect(problems(command, method)).toEqual([
    expect.stringMatching(
      `^jobs\\[0\\]\\.pause\\.method: jobs\\[0\\]\\.pause\\.method must be "auto" or "checkpoint" for a job of several ranks \\(${told}\\), got "${method}": .+\\.$`,
    ),
  ]);
});

test("WORLD_SIZE of the job's own environment tells of them, too", () => {
  expect(problems("bash ranks.sh", "standby", { env: { WORLD_SIZE: "2" } })).toEqual([
    expect.stringContaining('("WORLD_SIZE": "2")'),
  ]);
  expect(problems("bash ranks.sh", "standby", { env: { WORLD_SIZE: "1" } })).toEqual([]);
});

test("one rank, as many as there turn out to be, another program's option and a pause by checkpoint are let be", () => {
  for (const command of [
    "torchrun --nproc_per_node=1 say.py",
    "torchrun --nproc_per_node=gpu --nnodes=1:4 say.py",
    "python say.py --nproc_per_node 4",
    "python --num_processes 4 accelerate",
    "mpirun",
  ])
    expect(problems(command, "standby")).toEqual([]);
  for (const method of ["auto", "checkpoint"])
    expect(problems("torchrun --nproc_per_node=4 say.py", method)).toEqual([]);
});

test("on a cluster it is refused once", () => {
  const found = problems("torchrun --nproc_per_node=4 say.py", "standby", { executor: { kind: "slurm" } });
  expect(found).toHaveLength(1);
});
