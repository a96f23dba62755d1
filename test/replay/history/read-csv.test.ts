/**
 * History from CSV files as people may write them: what is read, and what is refused, with its place.
 * Covers: src/replay/history/read-csv.ts, src/replay/history/csv-columns.ts
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Refusal } from "../../../src/refusal.ts";
import { csvHistory } from "../../../src/replay/history/read-csv.ts";

const folder = mkdtempSync(join(tmpdir(), "replay-csv-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

function written(...lines: string[]): string {
  files += 1;
  const path = join(folder, `${files}.csv`);
  writeFileSync(path, lines.join("\n"));
  return path;
}

/** What is said of it, without the file's name. */
function refused(...lines: string[]): string[] {
  const path = written(...lines);
  try {
    csvHistory(path);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    expect(error.exitCode).toBe(2);
    return error.message.split("\n").map((line) => line.replace(path, ""));
  }
  return [];
}

test("times with a zone and in milliseconds, quoted cells, Windows line ends, a byte-order mark", () => {
  const path = written(
    "\uFEFFat,cpu.others,memory.availableMiB,gpu1.temperature\r",
    '"2026-11-23T19:00:00+01:00",12.5,8000,61\r',
    "1795456801000,0,7990,N/A\r",
    "",
  );
  const history = csvHistory(path);
  const samples = [...history.samples()];
  expect(samples.map(({ at }) => at.wallMs)).toEqual([Date.UTC(2026, 10, 23, 18), 1795456801000]);
  expect(samples[0]?.machine["cpu.others"]).toMatchObject({ value: 12.5 });
  expect(samples[1]?.machine["cpu.others"]).toMatchObject({ value: 0 });
  expect(samples[0]?.machine["cpu.total"]).toEqual({ unavailable: "the file has no such column" });
  expect(samples[1]?.gpus[0]).toMatchObject({ index: 1, uuid: "gpu1" });
  expect(samples[1]?.gpus[0]?.metrics["gpu.temperature"]).toEqual({
    unavailable: "the file has no figure for it",
  });
  expect(history).toMatchObject({ count: 2 });
});

test("a queue is counted in jobs, not in percent", () => {
  const path = written("at,slurm.pendingOthers,slurm.idleNodes", "1795456801000,1300,0", "1795456802000,1,1");
  const history = csvHistory(path);
  expect([...history.samples()].map(({ machine }) => machine["slurm.pendingOthers"])).toMatchObject([
    { value: 1300 },
    { value: 1 },
  ]);
  const few = csvHistory(written("at,slurm.idleNodes", "1795456801000,1", "1795456802000,0"));
  expect(few.doubts).toEqual([]);
  expect(refused("at,slurm.idleNodes", "1795456801000,-2")).toEqual([
    ":2:2: slurm.idleNodes is in nodes, got -2.",
  ]);
});

describe("refused, each with its line and column", () => {
  const at = (second: number): string => new Date(Date.UTC(2026, 5, 1, 12, 0, second)).toISOString();

  test.each<[string, string[], string[]]>([
    ["no time", ["time,cpu.others", "1,2"], [":1:1: the first column must be 'at', got 'time'."]],
    [
      "a misspelt metric",
      ["at,cpu.other", `${at(0)},2`],
      [":1:2: there is no metric 'cpu.other'. Did you mean 'cpu.others'?"],
    ],
    [
      "a GPU without its index",
      ["at,gpu.power", `${at(0)},2`],
      [expect.stringContaining(":1:2: there is no metric 'gpu.power'.")],
    ],
    ["nothing but times", ["at", at(0)], [":1:1: there is no column with a metric, such as cpu.others."]],
    [
      "a column twice",
      ["at,cpu.others,cpu.others", `${at(0)},1,1`],
      [":1:3: the column 'cpu.others' is there twice."],
    ],
    [
      "a share of one core",
      ["at,cpu.others", `${at(0)},20`, `${at(1)},340`],
      [
        ":3:2: cpu.others is in percent of the whole machine, 0 to 100, got 340. Of one core, divide it by the number of cores.",
      ],
    ],
    [
      "bytes",
      ["at,memory.availableMiB", `${at(0)},68719476736`],
      [expect.stringContaining(":2:2: memory.availableMiB is in MiB, got")],
    ],
    ["a unit in the cell", ["at,gpu0.power", `${at(0)},120 W`], [expect.stringContaining("got '120 W'")]],
    ["a duplicate", ["at,cpu.others", `${at(4)},1`, `${at(4)},1`], [":3:1: it has the same time as line 2."]],
    [
      "time running backwards",
      ["at,cpu.others", `${at(9)},1`, `${at(2)},1`],
      [":3:1: time runs backwards: line 2 is 7 s later."],
    ],
    ["seconds", ["at,cpu.others", "1780315200,1"], [expect.stringContaining("multiply by 1000")]],
    [
      "a time without a zone",
      ["at,cpu.others", "2026-06-01T12:00:00,1"],
      [expect.stringContaining(":2:1: 'at' is ISO 8601 with a time zone")],
    ],
    ["a short row", ["at,cpu.others,cpu.total", `${at(0)},1`], [":2:2: it has 2 columns, the header has 3."]],
  ])("%s", (_, lines, problems) => {
    expect(refused(...lines)).toEqual(problems);
  });

  test("all at once, and no more than twenty", () => {
    const rows = Array.from({ length: 50 }, (_, second) => `${at(second)},${second % 2 === 0 ? -3 : 500}`);
    expect(refused("at,cpu.others", ...rows)).toHaveLength(20);
  });

  test("a file that isn't there", () => {
    expect(() => csvHistory(join(folder, "none.csv"))).toThrow(/can't be read/);
  });
});

test("percent that look like shares, and rows far apart, are doubts", () => {
  const row = (minute: number, value: number): string =>
    `${new Date(Date.UTC(2026, 5, 1, 12, minute)).toISOString()},${value}`;
  const { doubts, paceSeconds } = csvHistory(written("at,cpu.others", row(0, 0.2), row(5, 0.9), row(10, 0)));
  expect(paceSeconds).toBe(300);
  expect(doubts).toEqual([
    expect.stringContaining("Column 2 (cpu.others) never exceeds 1"),
    "It has a row every 5 min: each stands until the next.",
  ]);
});
