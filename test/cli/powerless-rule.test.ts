/**
 * A rule that a real machine keeps in pressure, over a job whose pause would free nothing.
 * Covers: src/decide/pauses/spared.ts
 */
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../until.ts";
import { CommandLine } from "./command-line.ts";

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

const configured = (...rules: object[]) =>
  cli.write(
    "supervisor.config.json",
    JSON.stringify({
      pollSeconds: 0.3,
      stateDirectory: "s",
      rules,
      jobs: [{ name: "idle", command: ["sleep", "999"] }],
    }),
  );

test("'why', 'status' and the audit log say why it pauses nobody", async () => {
  configured();
  await cli.say("start", "--detach");
  const status = async () => (await cli.say("status")).out.replace(/\s+/g, " ");
  await until("it runs", async () => (await status()).includes("running"));
  configured(
    { name: "any use", metric: "cpu.total", above: 0.001, clear: { below: 0.0001 } },
    { name: "all memory", metric: "memory.availableMiB", below: 1e9, clear: { above: 1e9 } },
  );
  const cpu = "rule 'any use' is in pressure and doesn't pause it: it uses 0 % of the CPU";
  const memory = "rule 'all memory' is in pressure and doesn't pause it: it ";
  await until("both are told", async () => {
    const said = (await cli.say("why", "idle")).out.replace(/\s+/g, " ");
    return said.includes(cpu) && said.includes(memory);
  });
  expect(await status()).toContain(cpu);
  const events = (await cli.say("audit", "--kind", "rule.powerless")).out.replace(/\s+/g, " ");
  expect(events).toContain("It pauses nobody: 'idle' uses 0 % of the CPU: a pause would free nothing.");
  const one = JSON.parse((await cli.say("why", "idle", "--json")).out);
  expect(JSON.stringify(one)).toContain('"because":"use"');
});
