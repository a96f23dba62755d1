/**
 * A tiny CUDA program for `doctor --try-park`: fills some VRAM with a pattern, says so in a file, and compares once
 * it is told to by another. Its whole life is its test; it ends by itself when its parent is gone.
 */
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { OK, words } from "./codes.ts";
import { Driver } from "./driver.ts";

export interface ProgramTask {
  /** Where its files are: `ready` is its own, `compare` its parent's. */
  folder: string;
  /** Index of the GPU. */
  gpu: number;
  mib: number;
}

const LOOK_MS = 20;
const MIB = 1024 * 1024;

const { folder, gpu, mib } = JSON.parse(process.argv[2] ?? "{}") as ProgramTask;
const driver = new Driver();

/** @throws Error that names the call and its code */
function must(symbol: string, types: string[], ...args: unknown[]): void {
  const code = driver.function(symbol, ...types)(...args);
  if (code !== OK) throw new Error(`${symbol}: ${words(code)}`);
}

function allocated(): bigint {
  const device = Buffer.alloc(4);
  const context = Buffer.alloc(8);
  const at = Buffer.alloc(8);
  must("cuInit", ["unsigned int"], 0);
  must("cuDeviceGet", ["void *", "int"], device, gpu);
  must("cuDevicePrimaryCtxRetain", ["void *", "int"], context, device.readInt32LE());
  must("cuCtxSetCurrent", ["uintptr_t"], context.readBigUInt64LE());
  must("cuMemAlloc_v2", ["void *", "size_t"], at, mib * MIB);
  return at.readBigUInt64LE();
}

/** Of an odd length, so that no two pages are alike. */
const PIECE = Buffer.from(Uint8Array.from({ length: 251 }, (_, index) => (index * 7 + 13) % 256));
const pattern = Buffer.alloc(mib * MIB, PIECE);
const at = allocated();
must("cuMemcpyHtoD_v2", ["uintptr_t", "void *", "size_t"], at, pattern, pattern.length);
writeFileSync(join(folder, "new"), String(process.pid));
renameSync(join(folder, "new"), join(folder, "ready"));
const parent = process.ppid;
while (!existsSync(join(folder, "compare")) && process.ppid === parent) await sleep(LOOK_MS);
const back = Buffer.alloc(pattern.length);
must("cuMemcpyDtoH_v2", ["void *", "uintptr_t", "size_t"], back, at, back.length);
process.stdout.write(back.equals(pattern) ? "same" : "different");
