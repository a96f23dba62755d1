/**
 * Reads one checkpoint to its last byte, in a process of its own: hashing 20 GB takes half a
 * minute that no tick could wait for. Prints one line of JSON. Started by verify.ts only.
 */
import { constants, setPriority } from "node:os";
import { verifyCheckpoint } from "../../job/checkpoint/find-checkpoint.ts";

/** What the child prints. */
export type Verdict = { ok: true } | { ok: false; reason: string };

try {
  setPriority(constants.priority.PRIORITY_LOW);
} catch {
  // Checked at normal priority then; better than not at all.
}
const result = await verifyCheckpoint(process.argv[2] ?? "");
const verdict: Verdict = "rejected" in result ? { ok: false, reason: result.rejected } : { ok: true };
process.stdout.write(`${JSON.stringify(verdict)}\n`);
