/** Options arrive under the names that the function reads; what doesn't compile is in wrong-declarations.ts. */
import { Command } from "commander";
import { expect, test } from "vitest";
import { declare } from "../../../src/cli/help/declare-command.ts";
import { attempt, OPTIONS, ran } from "../wrong-declarations.ts";

test("options arrive under the names that the function reads", async () => {
  const cli = new Command().option("--config <file>");
  declare(cli, "try", "…", attempt, { argument: "[JOB...]", options: OPTIONS });
  const given = ["--leave-jobs", "--no-wait", "--name", "n", "-n", "7", "--gpu", "0", "--gpu", "1"];
  await cli.parseAsync(["--config", "c", "try", "a", "b", ...given], { from: "user" });
  const set = { config: "c", leaveJobs: true, wait: false, name: "n", lines: "7", gpu: ["0", "1"] };
  expect(ran.at(-1)).toEqual([["a", "b"], set]);
  await cli.parseAsync(["try"], { from: "user" });
  expect(ran.at(-1)).toEqual([[], expect.objectContaining({ wait: true, lines: "50" })]);
});
