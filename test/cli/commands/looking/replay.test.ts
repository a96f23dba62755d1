/**
 * `supervisor replay` as a user runs it, over a CSV: two configs side by side, and what is wrong.
 * Covers: src/cli/commands/looking/replay.ts, src/show/replay-lines.ts
 */
import { afterEach, beforeEach, expect, test } from "vitest";
import { CommandLine } from "../../command-line.ts";

let line: CommandLine;
beforeEach(() => {
  line = new CommandLine();
});
afterEach(() => line.close());

const RULE = {
  name: "busy",
  metric: "cpu.others",
  above: 50,
  forSeconds: 3,
  clear: { below: 25, forSeconds: 10 },
};
const JOB = { name: "tts", command: ["sleep", "9"], gpus: 0 };
const FROM = Date.UTC(2026, 3, 2, 9);

function csv(name: string, seconds: number): string {
  const rows = Array.from({ length: seconds }, (_, second) => {
    const busy = second >= 100 && second < 160;
    return `${new Date(FROM + second * 1000).toISOString()},${busy ? 90 : 2},${busy ? "" : 150}`;
  });
  return line.write(name, ["at,cpu.others,gpu0.power", ...rows].join("\n"));
}

test("one column for each config, and what the figures can't tell", async () => {
  csv("past.csv", 400);
  line.write("eager.json", JSON.stringify({ rules: [RULE], jobs: [JOB] }));
  line.write("never.json", JSON.stringify({ rules: [], jobs: [JOB] }));
  const said = await line.say(
    ...["replay", "--csv", "past.csv", "--config", "eager.json", "--config", "never.json"],
  );
  expect(said.code, said.err).toBe(0);
  const row = (label: string): string[] =>
    said.out
      .split("\n")
      .find((one) => one.startsWith(label))
      ?.slice(label.length)
      .trim()
      .split(/ {2,}/) ?? [];
  expect(row("pauses")).toEqual(["1", "0"]);
  expect(row("pressure felt by others")[1]).toBe("1 min");
  expect(row("energy of the GPUs")[1]).toMatch(/^14\.\d Wh without 1 min$/);
  expect(said.out).toContain("never seen what pausing and loading tts costs");
  expect(said.out).toContain("What others did stays as recorded");
});

test("--from and --to cut it, and --json gives every decision", async () => {
  csv("past.csv", 400);
  line.write("eager.json", JSON.stringify({ rules: [RULE], jobs: [JOB] }));
  const said = await line.say(
    ...["replay", "--csv", "past.csv", "--config", "eager.json", "--json"],
    ...["--from", "2026-04-02T09:01:30Z", "--to", "2026-04-02T09:05:00Z"],
  );
  expect(said.code, said.err).toBe(0);
  const { schemaVersion, fromMs, untilMs, configs } = JSON.parse(said.out);
  expect(schemaVersion).toBeGreaterThan(0);
  expect([fromMs, untilMs]).toEqual([FROM + 90_000, FROM + 299_001]);
  expect(configs[0].decisions.map(({ kind }: { kind: string }) => kind)).toContain("pause.requested");
});

test("what can't be replayed is said, with exit code 1, or 2 for what was typed or written", async () => {
  line.write("good.json", JSON.stringify({ jobs: [JOB] }));
  line.write("bad.json", JSON.stringify({ jobs: [JOB], rulez: [] }));
  line.write("bad.csv", "at,cpu.others\nyesterday,4\n");
  const none = await line.say("replay", "--config", "good.json");
  expect(none.code).toBe(1);
  expect(none.err).toContain("There is no history at");
  const config = await line.say("replay", "--config", "good.json", "--config", "bad.json");
  expect(config.code).toBe(2);
  expect(config.err).toContain("rulez");
  const file = await line.say("replay", "--csv", "bad.csv", "--config", "good.json");
  expect(file.code).toBe(2);
  expect(file.err).toContain("bad.csv:2:1: 'at' is ISO 8601");
  const times = await line.say("replay", "--config", "good.json", "--from", "1h", "--to", "2h");
  expect(times.code).toBe(2);
  expect(times.err).toContain("--from must be earlier than --to.");
});
