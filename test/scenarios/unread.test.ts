/**
 * A checkpoint that was checked in full and can't be read since, of a job behind a launcher that passes on no exit code.
 * Covers: src/decide/lifecycle/end/unread.ts
 */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import { checkpointDirectory } from "../../src/files/state-paths.ts";
import { root, testWith } from "../needs.ts";
import { CHILDREN, RealSupervisor } from "./real-supervisor.ts";

let supervisor: RealSupervisor;
let broken = "";
afterEach(() => {
  spawnSync("umount", [broken], { stdio: "ignore" });
  return supervisor.close();
});

testWith(root)(
  "waits for it, whoever can't read it, and goes on where it was once it can be read",
  async () => {
    // Its file is empty, as the one is that stands for a broken disk.
    const command = [
      "bash",
      "-c",
      '"$0" "$@" || exit 1',
      "node",
      join(CHILDREN, "job-await-loop.ts"),
      "0",
      "0",
    ];
    supervisor = await new RealSupervisor({ jobs: [{ name: "train", command }] }).start();
    await supervisor.steps("train", 3);
    expect(supervisor.say("pause", "train")).toMatchObject({ code: 0 });
    await supervisor.shows("the full check", ({ jobs: [job] }) => job?.checkpoint?.verified === "full");
    const { checkpoint } = supervisor.job("train");
    const step = checkpoint?.step as number;
    const name = `step-${String(step).padStart(8, "0")}`;
    broken = join(checkpointDirectory(join(supervisor.directory, "state"), "train"), name, "state.bin");
    execFileSync("mount", ["--bind", `/proc/${process.pid}/mem`, broken]);
    supervisor.say("resume", "train", "--no-wait");
    const failed = await supervisor.recorded("resume.failed", "train");
    expect(failed?.reason).toContain("It couldn't read what it is to go on from");
    await supervisor.shows("that it can't be read", ({ supervisor: { warnings } }) =>
      warnings.some((warning) => warning.includes(`${name} can't be read now (`)),
    );
    expect(supervisor.job("train")).toMatchObject({ state: "waiting", checkpoint: { step } });
    expect(supervisor.audit("checkpoint.rejected")).toEqual([]);

    execFileSync("umount", ["-l", broken]);
    await supervisor.shows("it to be read", ({ jobs: [job] }) => job?.checkpoint?.verified === "full");
    expect(supervisor.say("resume", "train").code).toBe(0);
    await supervisor.steps("train", step + 1);
    const log = readFileSync(join(supervisor.directory, "state/logs/train.log"), "utf8");
    expect(log.match(/(?<=supervised true, from )\d+/g)?.map(Number)).toEqual([0, step]);
    expect(supervisor.audit("job.failed")).toEqual([]);
  },
);
