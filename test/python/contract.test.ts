/** The Python library keeps the same contract, by the same tests. */
import { keepsCheckpointContract } from "../job/checkpoint/checkpoint-contract.ts";
import { keepsPauseContract, type Library } from "../job/pause-contract.ts";
import { describeWith, python as needsPython } from "../needs.ts";
import { rounds } from "../rounds.ts";
import { pythonChild } from "./interpreter.ts";

const library: Library = {
  name: "Python",
  loop: pythonChild("python-loop.py"),
  pollingLoop: pythonChild("python-polling-loop.py"),
  saveStorm: pythonChild("python-save-storm.py"),
  odd: pythonChild("python-odd.py"),
  withWorker: pythonChild("python-with-worker.py"),
  crash: pythonChild("python-crash.py"),
};

describeWith(needsPython)("the Python library", () => {
  keepsPauseContract(library);
  keepsCheckpointContract(library, rounds(200));
});
