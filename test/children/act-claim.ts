/** Publishes one claim as whoever it runs as, and prints what came of it. */
import { ClaimFiles } from "../../src/claims/publish-claims.ts";

const [directory = "", state = ""] = process.argv.slice(2);
const claims = new ClaimFiles(state, () => ({ launcherPid: process.pid, pid: null }), [directory]);
claims.publish([{ job: "asr", gpus: [], holds: true, sinceMs: 1, readyMs: null }]);
console.log(JSON.stringify({ claimant: claims.claimant, problem: claims.problem }));
