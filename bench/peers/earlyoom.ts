/** earlyoom: watches the machine's memory, and kills. Here it only would. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Begun, Peer } from "./peer.ts";
import { versionOf } from "./processes.ts";

/** Resolves with its first line about the memory. */
async function begun(): Promise<ChildProcess> {
  // Once a second is how often it reports unless told otherwise; Debian's service has it report once an hour.
  const child = spawn("earlyoom", ["--dryrun", "-r", "3600"], { stdio: ["ignore", "pipe", "pipe"] });
  await new Promise<void>((done, fail) => {
    child.once("error", fail).once("exit", (code) => fail(new Error(`earlyoom ended with ${code}`)));
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        said += chunk;
        if (said.includes("mem avail")) done();
      });
    }
  });
  return child;
}

export const earlyoom: Peer = {
  name: "earlyoom",
  version: () => versionOf("earlyoom", "-v"),
  install: "apt install earlyoom",
  async begin(): Promise<Begun> {
    const child = await begun();
    return { pids: () => [child.pid ?? 0], close: async () => void child.kill("SIGKILL") };
  },
  async startUpMs() {
    const began = performance.now();
    const child = await begun();
    const took = performance.now() - began;
    child.kill("SIGKILL");
    return took;
  },
};
