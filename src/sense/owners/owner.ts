/** The possible owners of a process. */
import type { Claim } from "../../model/machine.ts";

/**
 * `claim`: a supervised job of another supervisor, which doesn't count as another user of the machine.
 * `nobody`: unknown, so it is neither ours nor evidence of others' use.
 */
export type Owner = { run: string } | { claim: Claim } | "supervisor" | "foreign" | "kernel" | "nobody";

/** The run of ours that owns it, else null. */
export const runOf = (owner: Owner | null | undefined): string | null =>
  typeof owner === "object" && owner !== null && "run" in owner ? owner.run : null;

/** The claim of another supervisor that covers it, else null. */
export const claimOf = (owner: Owner | null | undefined): Claim | null =>
  typeof owner === "object" && owner !== null && "claim" in owner ? owner.claim : null;
