/**
 * The Python library stands by as the TypeScript one does, by the same tests.
 * Covers: python/supervisor_job/_hold.py, python/supervisor_job/_stream.py
 */
import { keepsStandbyContract } from "../job/standby-contract.ts";
import { savesWhileStreaming } from "../job/stream-saves-contract.ts";
import { describeWith, python } from "../needs.ts";
import { pythonChild } from "./interpreter.ts";

describeWith(python)("the Python library", () => {
  const library = {
    name: "Python",
    streams: pythonChild("python-streams.py"),
    kinds: ["pausable", "gate", "asyncio"],
  };
  keepsStandbyContract(library);
  savesWhileStreaming(library);
});
