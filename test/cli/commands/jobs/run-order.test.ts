/**
 * Covers: src/cli/commands/jobs/submit/follow-new-job.ts, src/cli/logs/until-end.ts, src/cli/logs/job-end.ts,
 * src/supervise/answer-request.ts
 */
import { existsSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../../until.ts";
import { CommandLine } from "../../command-line.ts";

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
  // Nothing but the order decides, however busy the machine is.
  cli.write("supervisor.config.json", JSON.stringify({ pollSeconds: 0.2, stateDirectory: "s", rules: [] }));
});
afterEach(() => cli.close());

/** Ends with `code` once the file is there. */
const untilFile = (file: string, code: number): string[] => [
  "bash",
  "-c",
  `echo begun; until [ -e ${file} ]; do sleep 0.1; done; exit ${code}`,
];
const why = async (name: string) => (await cli.say("why", name)).out;

test("run --follow prints what the job writes from its first line on, and ends with its exit code", async () => {
  // Not tried again, unlike other failures.
  const noisy = ["bash", "-c", 'for i in {1..200}; do echo "line $i"; done; sleep 1; echo last; exit 126'];
  const said = await cli.say("run", "--name", "noisy", "--follow", "--", ...noisy, "--adopt");
  expect(said.code).toBe(126);
  const lines = said.out.split("\n").filter((line) => /^(line \d+|last)$/.test(line));
  expect(lines).toEqual([...Array.from({ length: 200 }, (_, i) => `line ${i + 1}`), "last"]);
  expect(said.err).toContain("noisy  failed: ");
  expect(await cli.say("run", "--follow", "--json", "--", "true")).toMatchObject({ code: 2 });
});

test("run --after waits for one that finishes, --after-any for one that ends, --at for its time", async () => {
  const [first, second] = [cli.file("first"), cli.file("second")];
  await cli.say("run", "--name", "first", "--", ...untilFile(first, 0));
  await cli.say("run", "--name", "second", "--", ...untilFile(second, 4));
  const later = cli.start(
    "run",
    "--name",
    "later",
    "--after",
    "first",
    "--follow",
    "--",
    "echo",
    "after all",
  );
  let err = "";
  later.stderr?.on("data", (chunk) => {
    err += chunk;
  });
  const ended = new Promise<number | null>((done) => later.once("close", done));
  await until("it says what it waits for", () =>
    err.includes("later  waiting: it starts after 'first' has finished"),
  );
  await cli.say("run", "--name", "any", "--after-any", "first,second", "--", "true");
  await cli.say("run", "--name", "never", "--after", "second", "--", "true");
  expect(await cli.say("run", "--name", "lost", "--after", "fisrt", "--", "true")).toMatchObject({
    code: 2,
    err: expect.stringContaining("Did you mean 'first'?"),
  });

  writeFileSync(first, "");
  expect(await ended).toBe(0);
  expect(await why("any")).toMatch(/it starts after 'second' has\s+ended \(now running\)/);
  await cli.say("cancel", "second");
  expect(existsSync(second)).toBe(false);
  expect(await cli.say("wait", "any")).toMatchObject({ code: 0 });
  expect((await why("never")).replace(/\s+/g, " ")).toContain(
    "it starts only after 'second' has finished, and that was cancelled",
  );
  const cleaned = await cli.say("clean");
  expect(cleaned).toMatchObject({
    code: 1,
    err: expect.stringContaining("second  stays: 'never' starts only after"),
  });
  expect(cleaned.out).toContain("any  removed");
  expect(await cli.say("resume", "never")).toMatchObject({ code: 0 });

  await cli.say("run", "--name", "tonight", "--at", "2999-01-01T22:00", "--", "true");
  expect(await why("tonight")).toMatch(/isn't started before\s+1 Jan 2999,? 22:00/);
});
