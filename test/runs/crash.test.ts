/** Covers: src/runs/create-runs.ts */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runDirectory } from "../../src/files/state-paths.ts";
import { createRuns } from "../../src/runs/create-runs.ts";
import { child, givenJob, givenRun, givenState, inState, known, readOr, until } from "./given.ts";

// The files of a run in the order in which they appear while it is launched.
test.each(["", "launcher.sh", "exit", "run.json", "cgroup", "launcher", "pid"])(
  "a supervisor killed as soon as runs/<id>/%s is there: the run begins once or never",
  async (file) => {
    const state = givenState();
    const run = givenRun();
    const begun = join(state, "begun");
    const job = inState(givenJob(["bash", "-c", `echo begun >> ${begun}; exec sleep 300`]), run, "starting");
    const argv = [child("act-supervisor"), state, JSON.stringify(job), JSON.stringify(run)];
    const supervisor = spawn(process.execPath, argv, { stdio: "ignore" });
    onTestFinished(() => void supervisor.kill("SIGKILL"));
    const died = new Promise((resolve) => supervisor.once("exit", resolve));
    const isThere = (name: string): boolean => existsSync(join(runDirectory(state, run.id), name));
    await until("its moment", () => isThere(file) || isThere("pid"));
    supervisor.kill("SIGKILL");
    await died;

    const it = known(createRuns({ stateDirectory: state, directory: state }), job, run);
    const seen = await until("a decision", () => {
      const now = it.see("lost");
      return now.exit !== null || now.pid !== null ? now : null;
    });
    if (seen.alive) {
      await until("its beginning", () => readOr(begun) === "begun\n");
    } else {
      expect(seen.exit).toEqual({ known: false });
      // Even a launcher that is only now getting its turn finds the run taken.
      const again = spawn("/bin/sh", [
        join(runDirectory(state, run.id), "launcher.sh"),
        "keep",
        runDirectory(state, run.id),
        "",
        run.bootId,
        "begins",
        "sh",
        "-c",
        `echo late >> ${begun}`,
      ]);
      await new Promise((resolve) => again.once("exit", resolve));
      expect(readOr(begun)).toBe("");
    }
  },
);
