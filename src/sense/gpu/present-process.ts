/** A process on a GPU: which party's it is, and how it is shown. Pure. */
import type { GpuProcess } from "../../model/machine.ts";
import { claimOf, runOf } from "../owners/owner.ts";
import type { Known } from "./known-processes.ts";
import { isYounger } from "./newcomers.ts";
import { counts, type OwnedProcess } from "./readings.ts";
import type { ProcessReport } from "./report.ts";

/** Linux truncates process names to this length. */
const NAME_LENGTH = 15;

/** A process on a GPU, with its use of that GPU. */
export interface Present {
  process: Known;
  owned: OwnedProcess;
}

/** `ignore`: names of programs that don't count as others. `arrival`: when our run on this GPU began. */
export function present(
  report: ProcessReport,
  process: Known,
  ignore: readonly string[],
  arrival: number | null,
): Present {
  const younger = isYounger(process.evidence.startTime, arrival);
  return { process, owned: { ...report, party: partyOf(process, ignore), younger } };
}

function partyOf({ owner, names }: Known, ignore: readonly string[]): OwnedProcess["party"] {
  // A claimed process is summed with ours: it is known, and not in need of the GPU.
  if (typeof owner === "object" || owner === "supervisor") return "ours";
  if (owner === "nobody") return "nobody";
  const ignored = ignore.some((program) =>
    names.some((name) => name === program || name === program.slice(0, NAME_LENGTH)),
  );
  return ignored ? "ignored" : "others";
}

/** As it appears in samples. `ignoreBelow`: percentage from which an ignored program counts as others. */
export function shown({ process: { evidence, owner }, owned }: Present, ignoreBelow: number): GpuProcess {
  const claim = claimOf(owner);
  const ours = owner === "supervisor" ? "supervisor" : runOf(owner);
  const counted = counts(owned, ignoreBelow);
  return {
    ...evidence,
    ...(typeof owned.memoryMiB === "number" && { gpuMemoryMiB: Math.round(owned.memoryMiB) }),
    ...(typeof owned.smPercent === "number" && { gpuPercent: owned.smPercent }),
    ours,
    ...(ours === null && !counted && { counts: false as const }),
    ...(ours === null && counted && owned.younger === true && { newcomer: true as const }),
    ...(claim !== null && { claimed: { user: claim.user, job: claim.job } }),
  };
}
