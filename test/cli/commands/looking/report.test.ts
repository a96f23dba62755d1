/** Covers: src/report/gather.ts, src/report/energy/gather-energy.ts, src/cli/audit-log.ts */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Report } from "../../../../src/report/report.ts";
import { until } from "../../../until.ts";
import { CommandLine } from "../../command-line.ts";

const COUNT = resolve(import.meta.dirname, "../../../children/count-steps.ts");
const counting = { name: "count", command: ["node", COUNT, "--ms", "5"] };
const windowed = { name: "later", command: ["true"] };
const never = { name: "never", opens: "0 3 29 2 *", closes: "1 3 29 2 *", jobs: ["later"] };

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

const read = async (...more: string[]): Promise<Report> =>
  JSON.parse((await cli.say("report", "--json", ...more)).out);

it("says that there is nothing yet, and what it can't make sense of", async () => {
  expect(await cli.say("report")).toMatchObject({
    code: 1,
    err: expect.stringContaining("no audit log yet"),
  });
  expect(await cli.say("report", "--since", "1h", "--until", "2h")).toMatchObject({
    code: 2,
    err: expect.stringContaining("--since must be before --until"),
  });
  expect(await cli.say("report", "--json", "--csv")).toMatchObject({ code: 2 });
});

it("tells what a real supervisor and its jobs did", async () => {
  const config = { pollSeconds: 0.2, rules: [], windows: [never], jobs: [counting, windowed] };
  cli.write("supervisor.config.json", JSON.stringify(config));
  await cli.say("start", "--detach");
  const state = async () => JSON.parse((await cli.say("status", "--json")).out).jobs[0]?.state;
  await until("it to run", async () => (await state()) === "running");
  await cli.say("pause", "count");
  await until(
    "a pause that can be measured",
    async () => ((await read()).jobs[0]?.timesMs.paused ?? 0) > 100,
  );
  await cli.say("resume", "count");
  await until("its resume", async () => (await read()).jobs[0]?.pausesOfJob[0]?.goesOnMs !== null);
  await cli.say("stop");
  const { jobs, all } = await read();
  const [count, later] = jobs;
  expect(count?.pausesOfJob).toMatchObject([
    { actor: "user", saved: true, stepsLost: 0, method: "checkpoint" },
    { actor: "shutdown", saved: true, stepsLost: 0, resumedMs: null },
  ]);
  expect(count?.spans.map(({ state: one }) => one).filter((one) => one !== "waiting")).toEqual([
    "running",
    "pausing",
    "paused",
    "starting",
    "running",
    "pausing",
    "paused",
  ]);
  expect(later?.spans.map(({ state: one }) => one)).toEqual(["waiting"]);
  for (const totals of [...jobs, all]) {
    const sum = Object.values(totals.timesMs).reduce((before, ms) => before + ms, 0);
    expect(sum).toBe(totals.spanMs);
    expect(totals.timesMs.unwatched).toBe(0);
  }
  // The stretch lies between its first row and now, as the rows themselves say.
  const rows = (await cli.say("audit", "--json", "--job", "count")).out.trim().split("\n");
  const paused = rows.map((row) => JSON.parse(row)).filter(({ kind }) => kind === "pause.completed");
  expect(count?.spans.filter((one) => one.state === "paused").map(({ event }) => event)).toEqual(
    paused.map(({ id }) => id),
  );
  const table = await cli.say("report");
  expect(table.out).toMatch(/^count {2}.* 2 .* 0$/m);
  expect((await cli.say("report", "--csv", "--job", "count")).out).toMatch(
    /^job,spanSeconds,[^\r]+\r\ncount,/,
  );
  expect(await cli.say("report", "--job", "cuont")).toMatchObject({
    code: 2,
    err: expect.stringContaining("Did you mean 'count'?"),
  });
});

it("reads prices from a file or a command, says where they are wrong, and writes the page", async () => {
  const write = (tariff: object) =>
    cli.write(
      "supervisor.config.json",
      JSON.stringify({ pollSeconds: 0.2, jobs: [counting], rules: [], tariff }),
    );
  const price = JSON.stringify({ at: "2026-01-01T00:00:00Z", pricePerKWh: -0.1 });
  cli.write("day.jsonl", `${price}\n`);
  write({ file: "day.jsonl", currency: "CHF" });
  await cli.say("start", "--detach");
  await until("a start that is recorded", async () => (await read()).jobs.length > 0);
  expect((await read()).energy).toMatchObject({ currency: "CHF", hostIs: "estimate" });
  write({ command: ["./prices"] });
  const missing = await cli.say("report");
  expect(missing).toMatchObject({ code: 1, err: expect.stringContaining("yields no prices") });
  cli.write("day.jsonl", `${price}\n{"at": "tomorrow"}\n`);
  write({ file: "day.jsonl" });
  expect((await cli.say("report")).err).toMatch(/day\.jsonl, line 2: 'at' must be a date and time/);
  write({ prices: [{ pricePerKWh: 0.3 }] });
  const page = cli.file("page.html");
  expect(await cli.say("report", "--html", page)).toMatchObject({ code: 0, out: "" });
  expect(readFileSync(page, "utf8")).toMatch(/^<!doctype html>.*id="event-\d+".*<\/html>\n$/s);
  expect(await cli.say("report", "--html", "/nowhere/page.html")).toMatchObject({
    code: 1,
    err: expect.stringContaining("/nowhere/page.html can't be written"),
  });
});
