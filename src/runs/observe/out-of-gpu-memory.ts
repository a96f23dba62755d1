/**
 * Whether a run's last lines report that a GPU ran out of memory. Reads only the end of its log, and
 * only what this run wrote. Programs word it in many ways; an unknown wording counts as no shortage.
 */
import { fstatSync, writeFileSync } from "node:fs";
import { logStartRecord } from "../../files/state-paths.ts";
import { linesOf } from "./lines-of-run.ts";

/** PyTorch, the CUDA runtime and driver, cuBLAS, TensorFlow, JAX, HIP. */
const SAYS = [
  /\b(?:CUDA|HIP) out of memory\b/,
  /\bOutOfMemoryError\b.*\b(?:CUDA|GPU|HIP|device)\b/i,
  /\bCUDA error: out of memory\b/i,
  /\bCUDA_ERROR_OUT_OF_MEMORY\b/,
  /\bcudaErrorMemoryAllocation\b/,
  /\bcuda runtime error \(2\)/i,
  /\bCU(?:BLAS|DNN)_STATUS_ALLOC_FAILED\b/,
  /\bRESOURCE_EXHAUSTED\b.*\b(?:out of memory|OOM)\b/i,
  /\bOOM when allocating tensor\b/,
];

/** Records the log's size when a run begins. */
export function noteLogStart(stateDirectory: string, runId: string, log: number): void {
  writeFileSync(logStartRecord(stateDirectory, runId), String(fstatSync(log).size), { mode: 0o600 });
}

/** The last such line of the run, or null. Never throws. */
export function outOfGpuMemory(stateDirectory: string, job: string, runId: string): string | null {
  const line = linesOf(stateDirectory, job, runId).findLast((one) =>
    SAYS.some((pattern) => pattern.test(one)),
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a program writes may hold anything
  return line?.replace(/[\x00-\x1f\x7f]+/g, " ").trim() ?? null;
}
