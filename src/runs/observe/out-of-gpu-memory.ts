/**
 * Whether a run's last lines report that a GPU ran out of memory. Reads only the end of its log, and
 * only what this run wrote. Programs word it in many ways; an unknown wording counts as no shortage.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync, writeFileSync } from "node:fs";
import { logPath, logStartRecord } from "../../files/state-paths.ts";

const LAST_BYTES = 32_768;

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
  try {
    const start = Number(readFileSync(logStartRecord(stateDirectory, runId), "utf8"));
    const lines = readEnd(logPath(stateDirectory, job), start).split("\n");
    const line = lines.findLast((one) => SAYS.some((pattern) => pattern.test(one)));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a program writes may hold anything
    return line?.replace(/[\x00-\x1f\x7f]+/g, " ").trim() ?? null;
  } catch {
    return null;
  }
}

function readEnd(path: string, start: number): string {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    // A log that was truncated since holds nothing of earlier runs.
    const from = Math.max(start <= size ? start : 0, size - LAST_BYTES);
    const bytes = Buffer.alloc(Math.max(0, size - from));
    return bytes.toString("utf8", 0, readSync(file, bytes, 0, bytes.length, from));
  } finally {
    closeSync(file);
  }
}
