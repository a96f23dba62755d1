/** Several commands that find no supervisor start one, and only one: none of them fails for that. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readHolders } from "../../../src/record/database/lock.ts";
import { until, untilHolds } from "../../until.ts";
import { CommandLine } from "../command-line.ts";

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

it("jobs that are submitted at the same moment, to nobody yet, are all there", async () => {
  const names = ["a", "b", "c", "d"];
  const submitted = await Promise.all(
    names.map((name) => cli.say("run", "--name", name, "--", "sleep", "1000")),
  );
  expect(submitted.map(({ code, err }) => [code, err])).toEqual(names.map(() => [0, expect.any(String)]));
  const { jobs } = JSON.parse((await cli.say("status", "--json")).out);
  expect(jobs.map(({ name }: { name: string }) => name).sort()).toEqual(names);
});

it("one that holds the locks and doesn't answer yet is waited for", async () => {
  const config = { stateDirectory: "state", database: "audit.sqlite", rules: [] };
  cli.write("supervisor.config.json", JSON.stringify(config));
  const [database, state] = [cli.file("audit.sqlite"), cli.file("state")];
  const log = () => readFileSync(join(state, "logs/supervisor.log"), "utf8");
  // It waits for its database, between its locks and its socket, and is stopped there for as long as this test wants.
  const other = new Sqlite(database);
  other.exec("BEGIN EXCLUSIVE");
  const started = cli.say("start", "--detach");
  const holder = await until("its locks", () => readHolders(database, state, [])[0]);
  process.kill(holder.pid, "SIGSTOP");
  const submitted = cli.say("run", "--name", "a", "--", "sleep", "1000");
  await untilHolds(() => expect(log()).toContain(`pid ${holder.pid}`));
  other.close();
  process.kill(holder.pid, "SIGCONT");
  expect(await started).toMatchObject({ code: 0 });
  expect(await submitted).toMatchObject({ code: 0 });
});
