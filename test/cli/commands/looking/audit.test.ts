/** Covers: src/cli/parse-time.ts */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createJournal } from "../../../../src/record/journal.ts";
import { upkeep } from "../../../../src/record/upkeep/upkeep.ts";
import { CommandLine } from "../../command-line.ts";

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

describe("audit", () => {
  const NOW = { wallMs: Date.now(), monotonicMs: 0 };
  const fill = (count: number) => {
    const database = join(cli.stateDirectory, "supervisor.sqlite");
    mkdirSync(dirname(database), { recursive: true });
    const journal = createJournal(database, { retention: { samplesFullHours: 24, samplesThinnedDays: 30 } });
    const events = Array.from({ length: count }, (_, i) => ({
      kind: i % 2 === 0 ? ("pause.completed" as const) : ("job.started" as const),
      job: i % 3 === 0 ? "a" : "b",
      run: 1,
      actor: "user" as const,
      reason: `Number ${i}.`,
    }));
    const appended = journal.append(events, NOW);
    journal.close();
    if (!appended.ok) throw new Error(appended.problem);
    return appended.events;
  };

  it("says that there is none yet", async () => {
    expect(await cli.say("audit")).toMatchObject({
      code: 1,
      err: expect.stringContaining("There is no audit log yet at "),
    });
    expect(await cli.say("audit", "verify")).toMatchObject({ code: 1 });
  });

  it("gives events by job, kind, time and number, one JSON document per line", async () => {
    fill(12);
    const ids = async (...args: string[]) =>
      (await cli.say("audit", "--json", ...args)).out
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line).id);
    expect(await ids()).toHaveLength(12);
    expect(await ids("--job", "a")).toEqual([1, 4, 7, 10]);
    expect(await ids("--job", "a", "--kind", "pause.completed")).toEqual([1, 7]);
    expect(await ids("-n", "2")).toEqual([11, 12]);
    expect(await ids("--since", "1h")).toHaveLength(12);
    expect(await ids("--since", "2999-01-01")).toEqual([]);
    const { out } = await cli.say("audit", "--job", "a", "-n", "1");
    expect(out).toMatch(/^— \d{4}-\d\d-\d\d —\n\d\d:\d\d:\d\d a {2}.*Number 9\.\n$/);
  });

  it("verifies that it is whole, and that a noted event is still there", async () => {
    const events = fill(5);
    const whole = await cli.say("audit", "verify");
    expect(whole).toMatchObject({ code: 0, out: expect.stringContaining("5 events, whole and in order.") });
    const newest = events.at(-1)?.hash as string;
    expect(await cli.say("audit", "verify", "--expect", newest, "--json")).toMatchObject({ code: 0 });
    const cut = await cli.say("audit", "verify", "--expect", `${"0".repeat(63)}1`);
    expect(cut.code).toBe(1);
    expect(cut.out).not.toContain("whole");
  });

  it("says which events were exported, where, and whether they are still whole", async () => {
    fill(12);
    const database = join(cli.stateDirectory, "supervisor.sqlite");
    const keep = { samplesFullHours: 24, samplesThinnedDays: 30, eventsDays: 1 };
    expect(upkeep(database, keep, NOW.wallMs + 2 * 86_400_000)).toMatchObject({ exported: 11 });
    const note =
      /^Events 1 to 11 were exported and aren't shown: see (.*\.events-1-11-[0-9a-f]{12}\.jsonl\.gz)\n$/;
    const all = await cli.say("audit", "--json");
    expect(all.out.trim().split("\n")).toHaveLength(1);
    const [, path = ""] = note.exec(all.err) ?? [];
    expect(await cli.say("audit", "--job", "a")).toMatchObject({
      code: 0,
      out: "No matching events.\n",
      err: all.err,
    });
    expect(await cli.say("audit", "-n", "1")).toMatchObject({ err: "" });
    expect(await cli.say("audit", "--since", "2999-01-01")).toMatchObject({ err: "" });
    expect((await cli.say("audit", "verify")).out).toContain(
      "1 event, whole and in order.\n11 older ones in 1 exported file, which they follow.\n",
    );
    rmSync(path);
    const without = await cli.say("audit", "verify");
    expect(without.code).toBe(0);
    expect(without.out).toContain(
      `Events 1 to 11 were exported to ${path}, which isn't there: they weren't checked.\n`,
    );
    expect(without.out).not.toContain("older ones");
  });

  it("is quiet when its reader has enough", async () => {
    fill(5000);
    const child = cli.start("audit", "--json");
    let err = "";
    child.stderr?.on("data", (chunk) => {
      err += chunk;
    });
    child.stdout?.once("data", () => child.stdout?.destroy());
    const code = await new Promise((done) => child.once("close", done));
    expect({ code, err }).toEqual({ code: 0, err: "" });
  });

  it.each(["audit", "audit verify"])(
    "%s on a damaged database ends with 1 and a sentence",
    async (command) => {
      fill(500);
      const database = join(cli.stateDirectory, "supervisor.sqlite");
      const bytes = readFileSync(database);
      // The header stays, so that it is still one of ours; every later page is garbage.
      writeFileSync(database, bytes.fill(0xa5, 4096));
      const { code, out, err } = await cli.say(...command.split(" "));
      expect(code).toBe(1);
      expect(out + err).toMatch(
        /^\S+supervisor\.sqlite(: | can't be read: )database disk image is malformed\.?\n$/,
      );
    },
  );

  it("ends with 1 and a sentence where its output can't be written", async () => {
    fill(5000);
    const full = openSync("/dev/full", "w");
    const child = cli.startWithOutput(full, "audit");
    closeSync(full);
    let err = "";
    child.stderr?.on("data", (chunk) => {
      err += chunk;
    });
    const code = await new Promise((done) => child.once("close", done));
    expect({ code, err }).toEqual({
      code: 1,
      err: "The output can't be written: ENOSPC: no space left on device, write.\n",
    });
  });
});
