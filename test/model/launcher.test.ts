import { expect, test } from "vitest";
import { severalTold } from "../../src/model/launcher.ts";

test.each([
  [["torchrun", "--nproc_per_node=2", "a.py"], "--nproc_per_node=2"],
  [["bash", "-c", "OMP_NUM_THREADS=1 torchrun --nproc-per-node 3 a.py | tee log"], "--nproc-per-node 3"],
  [["/bin/sh", "-c", "python a.py --nproc-per-node 3"], null],
  [["nice", "python", "-m", "torch.distributed.launch", "--nnodes", "4", "a.py"], "--nnodes 4"],
  [["torchrun", "--nproc_per_node=auto", "a.py"], null],
  [["bash", "-lc", "torchrun prepare.py; torchrun --nproc-per-node 3 a.py"], "--nproc-per-node 3"],
  [["accelerate", "launch", "a.py", "--num_processes", "8"], null],
  [["torchrun", "--nproc-per-node", "1", "a.py", "--nnodes=2"], null],
  [["torchrun"], null],
  [[], null],
])("%j", (command, told) => {
  expect(severalTold(command, {})).toBe(told);
});
