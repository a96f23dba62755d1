/**
 * Reads one checkpoint to its last byte, in a process of its own: hashing 20 GB takes half a minute, too
 * long for any tick. Prints one line of JSON. Only verify.ts starts it.
 */
import { constants, setPriority } from "node:os";
import { verifyCheckpoint } from "../../job/checkpoint/find-checkpoint.ts";

/** What the child prints. `unreadable`: it couldn't be read now, and nothing is known of it. */
export type Verdict = { ok: true } | { ok: false; reason: string; unreadable?: true };

try {
  setPriority(constants.priority.PRIORITY_LOW);
} catch {
  // Then it runs at normal priority, which is better than no check.
}
const result = await verifyCheckpoint(process.argv[2] ?? "");
const verdict: Verdict =
  "rejected" in result
    ? { ok: false, reason: result.rejected, ...(result.unreadable && { unreadable: true }) }
    : { ok: true };
process.stdout.write(`${JSON.stringify(verdict)}\n`);
