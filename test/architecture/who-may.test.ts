/** "Who may" of ARCHITECTURE.md against the source: nobody else does it, and nobody is named in vain. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { lineOf, parse, root, type Source, sources } from "./sources.ts";
import {
  callsNative,
  endsChild,
  probesPid,
  readsClock,
  signalsPid,
  speaksSql,
  startsProcess,
  type Use,
  usesNetwork,
} from "./uses.ts";

/** By the first column of the table. */
const USES: Record<string, Use> = {
  "read a clock": readsClock,
  "send a signal to a pid": signalsPid,
  "ask whether a pid is there": probesPid,
  "end a child of its own": endsChild,
  "start a process": startsProcess,
  "call a native library": callsNative,
  "speak SQL": speaksSql,
  "use a socket": usesNetwork,
};

const [, section = ""] = readFileSync(join(root, "ARCHITECTURE.md"), "utf8").split("\n## Who may\n");
const table = new Map(
  [...(section.split("\n## ")[0] ?? "").matchAll(/^\| (?!what |--)([^|]+) \| (.+) \|$/gm)].map(
    ([, what = "", who = ""]) => [what, [...who.matchAll(/`(src\/[^`]+)`/g)].map(([, path = ""]) => path)],
  ),
);

const linesWith = (use: Use, source: Source): number[] =>
  source.nodes.filter(({ node, parent }) => use(node, parent)).map(({ node }) => lineOf(source, node));

test("the table's rows are those that are looked for", () => {
  expect([...table.keys()].sort()).toEqual(Object.keys(USES).sort());
});

describe.each(Object.entries(USES))("to %s", (what, use) => {
  const allowed = table.get(what) ?? [];
  const found = sources
    .map((source) => ({ path: source.path, lines: linesWith(use, source) }))
    .filter(({ lines }) => lines.length > 0);
  const covers = (place: string, path: string): boolean =>
    place.endsWith("/") ? path.startsWith(place) : path === place;

  test("is for nobody else", () => {
    const others = found.filter(({ path }) => !allowed.some((place) => covers(place, path)));
    expect(others.flatMap(({ path, lines }) => lines.map((line) => `${path}:${line}`))).toEqual([]);
  });

  test("is done by each that is named", () => {
    expect(allowed.filter((place) => !found.some(({ path }) => covers(place, path)))).toEqual([]);
  });
});

describe("what counts as a use", () => {
  const finds = (use: Use, text: string): boolean => linesWith(use, parse("src/x.tsx", text)).length > 0;

  test.each<[string, Use, string[]]>([
    [
      "of a clock",
      readsClock,
      [
        "Date.now()",
        "f(Date.now)",
        'Date["now"]()',
        "new Date()",
        "new Date",
        "Date()",
        "const { now } = Date;",
        "new globalThis.Date()",
        "new Date(...parts)",
        `\`at \${Date.now()}\``,
        "<p>{new Date().toISOString()}</p>",
        "performance.now()",
        "const { now } = performance;",
        "f({ performance })",
        "process.hrtime.bigint()",
        "const { hrtime } = process;",
        "const { ...all } = process;",
        "process.uptime()",
        "globalThis.process.uptime()",
        'import { hrtime } from "node:process";',
        'import { performance } from "node:perf_hooks";',
        'import { uptime as up } from "node:os";',
        "os.uptime()",
        "cron.nextRun()",
        "cron.nextRuns(3)",
        "Temporal.Now.instant()",
      ],
    ],
    [
      "of a signal",
      signalsPid,
      ['process.kill(pid, "SIGTERM")', "process.kill(pid)", "f(process.kill)", "const { kill } = process;"],
    ],
    ["of signal 0", probesPid, ["process.kill(pid, 0)"]],
    [
      "of a child's handle",
      endsChild,
      ['child.kill("SIGKILL")', "this.#child?.kill()", '({ killSignal: "SIGKILL" })'],
    ],
    [
      "of other programs",
      startsProcess,
      [
        'import { type ChildProcess, spawn } from "node:child_process";',
        'import "child_process";',
        'const { execa } = await import("execa");',
        'const { spawn } = require("node:child_process");',
        'export { spawn } from "node:child_process";',
      ],
    ],
    ["of native libraries", callsNative, ['import { load } from "koffi";', "process.dlopen(m, path)"]],
    [
      "of SQL",
      speaksSql,
      [
        'import type { Database } from "better-sqlite3";',
        'import { DatabaseSync } from "node:sqlite";',
        'f("SELECT * FROM events")',
        `f(\`select \${columns}\n from \${table}\`)`,
        'f("insert or replace into samples values (?)")',
        "f('PRAGMA journal_mode = WAL')",
      ],
    ],
    [
      "of the network",
      usesNetwork,
      [
        'import { connect } from "node:net";',
        'await import("node:https")',
        "await fetch(url)",
        "new WebSocket(url)",
      ],
    ],
  ])("%s", (_, use, texts) => {
    expect(texts.filter((text) => !finds(use, text))).toEqual([]);
  });

  test.each<[string, Use, string[]]>([
    [
      "of a clock",
      readsClock,
      [
        "// Date.now()",
        "/* performance.now() */",
        '"Date.now() and performance.now()"',
        "`new Date()`",
        "/Date.now()/",
        "new Date(ms)",
        "Date.parse(text)",
        "let at: Date;",
        "at instanceof Date",
        "clock.now()",
        "({ performance: 1 })",
        "row.performance",
        "cron.nextRun(new Date(ms))",
        'import { hostname } from "node:os";',
      ],
    ],
    [
      "of a signal",
      signalsPid,
      ["process.kill(pid, 0)", "child.kill()", "kill(list)", '"process.kill(1, 9)"'],
    ],
    ["of a child's handle", endsChild, ["process.kill(pid)", "kill(list)", "({ kill: true })"]],
    ["of other programs", startsProcess, ['import type { ChildProcess } from "node:child_process";']],
    [
      "of SQL",
      speaksSql,
      ['f("Select the job from the list: j")', 'f("update the job")', "// DELETE FROM events"],
    ],
    ["of the network", usesNetwork, ['import type { Socket } from "node:net";', "source.fetch()"]],
  ])("is not: %s", (_, use, texts) => {
    expect(texts.filter((text) => finds(use, text))).toEqual([]);
  });
});
