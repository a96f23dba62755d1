/** Ours, at 1 Hz, with a CPU and a memory rule that may pause its jobs, and are never met. */

import { RealSupervisor } from "../../test/scenarios/real-supervisor.ts";
import { Sleeping } from "../idle/sleeping.ts";
import type { Begun, Peer, Taking } from "./peer.ts";
import { tellingJob } from "./place.ts";
import { family, say, timed } from "./processes.ts";

const RULES = [
  { name: "cpu", metric: "cpu.others", above: 100, clear: { below: 98 } },
  { name: "memory", metric: "memory.availablePercent", below: 0.1, clear: { above: 0.5 } },
];
const SLEEP = { name: "sleep", command: ["/bin/sleep", "100000"], pause: { method: "freeze" } };

export const ours: Peer = {
  name: "ours",
  version: () => "",
  install: "npm ci",
  many: true,
  async begin(jobs): Promise<Begun> {
    const idle = await Sleeping.begin(jobs, { rules: RULES });
    const [pid = 0] = idle.pids();
    const command = [...idle.program, "dashboard", "--config", idle.configFile];
    return {
      // With the process beside each job, as task-spooler's are counted.
      pids: () => family(pid),
      close: () => idle.close(),
      screen: { command, shows: "── jobs" },
    };
  },
  async startUpMs() {
    const supervisor = new RealSupervisor({ pollSeconds: 1, rules: RULES, jobs: [SLEEP] });
    const took = await timed(() => supervisor.start());
    await supervisor.close();
    return took;
  },
  async take(): Promise<Taking> {
    const supervisor = await new RealSupervisor({ pollSeconds: 1, rules: RULES, jobs: [] }).start();
    const [node, bin] = supervisor.program;
    const config = ["--config", supervisor.configFile];
    return {
      submit: (round, mark) =>
        say(node, [bin, "run", ...config, "--name", `job-${round}`, "--", tellingJob(), mark]),
      close: () => supervisor.close(),
    };
  },
};
