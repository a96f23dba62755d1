/** The TypeScript library's versions of the contract's programs. */
import { resolve } from "node:path";
import type { Library } from "./pause-contract.ts";

const child = (name: string): string => resolve("test/children", name);

export const typescript: Library = {
  name: "TypeScript",
  loop: child("job-await-loop.ts"),
  pollingLoop: child("job-sync-loop.ts"),
  saveStorm: child("job-save-storm.ts"),
  odd: child("job-odd.ts"),
  withWorker: child("job-with-worker.ts"),
  crash: [process.execPath, "--eval", "await import('./src/job/index.ts'); throw new Error('boom')"],
};
