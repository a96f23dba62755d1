import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { writeStart } from "../../../src/runs/slurm/scripts.ts";
import { givenState } from "../given.ts";

it("starts whatever its environment has, also where /bin/sh is Bash, which lets nobody set some names", () => {
  const folder = givenState();
  const launcher = join(folder, "launcher");
  writeFileSync(launcher, 'echo "begun with $OWN"\n');
  mkdirSync(join(folder, "status"), { recursive: true });
  const env = {
    UID: "1000",
    EUID: "1000",
    PPID: "7",
    SHELLOPTS: "braceexpand",
    "no-name": "x",
    OWN: "its own",
  };
  const job = { own: {}, signal: "USR2", begin: "", argv: ["true"] };
  writeStart({ runDirectory: folder, launcher, cwd: folder, env, ...job });
  for (const shell of [["bash", "--posix"], ["sh"]]) {
    const [program = "", ...words] = [...shell, join(folder, "start.sh")];
    const { stdout, stderr } = spawnSync(program, words, {
      encoding: "utf8",
      env: { PATH: process.env.PATH, SLURM_JOB_ID: "7" },
    });
    expect({ stdout, stderr }).toEqual({ stdout: "begun with its own\n", stderr: "" });
  }
});
