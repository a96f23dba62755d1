/** Whose a process may be. */
import type { Claim } from "../../model/machine.ts";

/**
 * `claim`: a supervised job's of another supervisor, which isn't somebody who needs the machine.
 * `nobody`: whose it is can't be told, so that it is neither ours nor evidence against others.
 */
export type Owner = { run: string } | { claim: Claim } | "supervisor" | "foreign" | "kernel" | "nobody";

/** The run of ours that it is, else null. */
export const runOf = (owner: Owner | null | undefined): string | null =>
  typeof owner === "object" && owner !== null && "run" in owner ? owner.run : null;

/** The claim of another supervisor that covers it, else null. */
export const claimOf = (owner: Owner | null | undefined): Claim | null =>
  typeof owner === "object" && owner !== null && "claim" in owner ? owner.claim : null;
