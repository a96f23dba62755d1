/** The peers' table is made rightly of what was measured, and says what is missing and where ours is behind. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { behind, leftOut, type Row, ratioTable } from "../../bench/peers/table.ts";

const ROWS: Row[] = [
  { what: "idle", unit: "s", values: { ours: 0.12, monit: 0.4, pm2: 0.04, earlyoom: 0 } },
  { what: "memory", unit: "MiB", values: { ours: 80, monit: 3.2, pm2: 160.4 } },
  { what: "screen", unit: "s", values: { ours: 0.3, btop: 0.3 } },
];

test("each cell has its figure and how many times that ours is, bold where ours is more", () => {
  expect(ratioTable(ROWS).split("\n")).toEqual([
    "| | ours | monit | pm2 | earlyoom | btop |",
    "|---|--:|--:|--:|--:|--:|",
    "| idle, s | 0.12 | 0.4 (0.3×) | **0.04 (3×)** | **0** | – |",
    "| memory, MiB | 80 | **3.2 (25×)** | 160 (0.5×) | – | – |",
    "| screen, s | 0.3 | – | – | – | 0.3 (1×) |",
  ]);
});

test("a row that ours has no figure for, or ours alone, compares nothing and is left out", () => {
  const alone: Row = { what: "submitted", unit: "ms", values: { ours: 5 } };
  const without: Row = { what: "graph", unit: "ms", values: { btop: 5, top: 7 } };
  expect(ratioTable([...ROWS, alone, without])).toEqual(ratioTable(ROWS));
  expect(behind([alone, without])).toBe("Ours is behind in none.");
});

test("where ours is behind is said in words, with whom", () => {
  expect(behind(ROWS)).toBe("Ours is behind in: idle (pm2, earlyoom); memory (monit).");
});

test("a peer that isn't installed is named with the line that installs it", () => {
  const missing = [{ name: "monit", install: "apt install monit" }];
  expect(leftOut(missing)).toEqual(["monit isn't installed and is left out: `apt install monit`"]);
  expect(leftOut([])).toEqual([]);
});

test("on a machine without any of them, each is named with its line, and ours is left to measure", async () => {
  const empty = mkdtempSync(join(tmpdir(), "no-peers-"));
  vi.stubEnv("PATH", empty).stubEnv("TMPDIR", empty);
  try {
    const { installed } = await import("../../bench/peers.ts");
    const { there, missing } = installed();
    expect(there.map(({ name }) => name)).toEqual(["ours"]);
    expect(leftOut(missing)).toEqual([
      `pm2 isn't installed and is left out: \`npm install --prefix ${empty}/pm2 pm2\``,
      "supervisord isn't installed and is left out: `apt install supervisor`",
      "monit isn't installed and is left out: `apt install monit`",
      "task-spooler isn't installed and is left out: `apt install task-spooler`",
      "earlyoom isn't installed and is left out: `apt install earlyoom`",
      "BOINC isn't installed and is left out: `apt install boinc-client`",
      "btop isn't installed and is left out: `apt install btop`",
    ]);
  } finally {
    vi.unstubAllEnvs();
  }
});
