/** What passes by itself is waited for at the prompt: here the check of a checkpoint, which is held up. */
import { readFileSync } from "node:fs";
import { afterEach, expect, it } from "vitest";
import { readChildren, readStat } from "../../../../src/sense/proc/process.ts";
import { CHILDREN, RealSupervisor, until } from "../../../scenarios/real-supervisor.ts";

/** Loaded ahead of each of our programs: the check of a checkpoint stands still as it begins. */
const STANDS_STILL = 'if (process.argv[1]?.includes("verify-child")) process.kill(process.pid, "SIGSTOP");';
const STOPS = `--import=data:text/javascript,${encodeURIComponent(STANDS_STILL)}`;

let supervisor: RealSupervisor;
let held: number | null = null;
afterEach(async () => {
  try {
    goOn();
  } finally {
    await supervisor.close();
  }
});

function goOn(): void {
  if (held !== null) process.kill(held, "SIGCONT");
  held = null;
}

it("resume returns once the job runs, however long its checkpoint takes to be checked", async () => {
  const command = ["node", `${CHILDREN}/count-steps.ts`, "--ms", "20", "--save-mib", "200"];
  const config = { jobs: [{ name: "train", command }] };
  supervisor = await new RealSupervisor(config, { NODE_OPTIONS: STOPS }).start();
  await supervisor.steps("train", 2);

  const stopped = until("the check to stand still", () => {
    const pid = check(supervisor.process?.pid ?? 0);
    return pid !== null && readStat(pid)?.state === "T" && pid;
  });
  const paused = supervisor.sayMeanwhile("pause", "train");
  held = await stopped;
  expect(await paused).toBe(0);
  let ended = false;
  const resumed = supervisor.sayMeanwhile("resume", "train").finally(() => {
    ended = true;
  });
  await supervisor.shows("the request", ({ jobs }) => jobs[0]?.manual?.want === "run");
  await supervisor.ticks(8);
  expect(supervisor.job("train").why.waitingFor).toMatchObject([{ code: "checkpoint-check" }]);
  expect(ended).toBe(false);
  goOn();
  expect(await resumed).toBe(0);
  expect(supervisor.job("train")).toMatchObject({ state: "running", run: 2 });
});

/** Pid of the process that checks a checkpoint for the supervisor `parent`; null where there is none. */
const check = (parent: number): number | null =>
  readChildren(parent).find((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("verify-child")) ??
  null;
