/**
 * Publishes one claim as whoever it runs as, and prints what came of it. With "again" it does so for each line that it
 * reads, and ends with its input; a pid after that is the process that the claim names instead of this one.
 */
import { createInterface } from "node:readline/promises";
import { ClaimFiles } from "../../src/claims/publish-claims.ts";

const [directory = "", state = "", more = "", named = ""] = process.argv.slice(2);
const launcherPid = named === "" ? process.pid : Number(named);
const claims = new ClaimFiles(state, () => ({ launcherPid, pid: null }), [directory]);
const publish = (sinceMs: number): void => {
  claims.publish([{ job: "asr", gpus: [], holds: true, sinceMs, readyMs: null }]);
  console.log(JSON.stringify({ claimant: claims.claimant, problem: claims.problem }));
};
publish(1);
let sinceMs = 2;
if (more === "again") for await (const _ of createInterface({ input: process.stdin })) publish(sinceMs++);
