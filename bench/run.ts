/**
 * Every figure in the README: runs the benchmarks one after the other and prints one table, in
 * Markdown, and `peers` a table of its own. `npm run bench` for all, `npm run bench -- sense audit` for some, `--write` to put the
 * table into the README, where the rows of the others stay as they are, `--full` for the audit log with ten times the events.
 * Machines are noisy: CPU time is counted wherever that answers the question.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { join } from "node:path";

export interface Measured {
  name: string;
  unit: string;
  value: number;
  /** What it should be at most; null for a figure that is there for comparison, and isn't in the README. */
  target: number | null;
  /** Somebody else's program, measured in the same run: in the README, too. */
  peer?: true;
  detail: string;
}

const BENCHES = [
  "idle",
  "metrics",
  "tick",
  "steady",
  "reaction",
  "standby",
  "sense",
  "gpu",
  "decide",
  "scale",
  "audit",
  "month",
  "should-pause",
  "start-up",
  "dashboard",
  "peers",
];
const README = join(import.meta.dirname, "../README.md");

/** Prints rows of the common table, or a table of its own. */
type Bench = { measure(): Promise<Measured[]> } | { table(machine: string): Promise<string> };

const day = new Date().toISOString().slice(0, 10);
const machine = `on ${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release().split("-")[0]}, Node ${process.version}`;
const asked = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const told: string[] = [];
for (const name of asked.length > 0 ? asked : BENCHES) {
  const bench: Bench = await import(`./${name}.ts`);
  if ("table" in bench) {
    const table = await bench.table(`${machine}, ${day}`);
    console.log(table);
    write(name, table);
    continue;
  }
  for (const figure of await bench.measure()) {
    const row = rowOf(figure);
    if (figure.target !== null || figure.peer) told.push(row);
    console.log(row);
  }
}
if (told.length > 0) {
  const head = ["| what | measured | target | how | day |", "|---|--:|--:|---|---|"];
  const rows = asked.length === 0 || !process.argv.includes("--write") ? told : merged(told);
  write("bench", [`Measured by \`npm run bench\` ${machine}.`, "", ...head, ...rows].join("\n"));
}
process.exit();

/** The README's rows, with those that were measured now in their places, and new ones at the end. */
function merged(fresh: readonly string[]): string[] {
  const nameOf = (row: string): string => row.split(" | ")[0] ?? "";
  const now = new Map(fresh.map((row) => [nameOf(row), row]));
  const [, table = ""] =
    /<!-- bench -->\n([\s\S]*?)<!-- \/bench -->/.exec(readFileSync(README, "utf8")) ?? [];
  if (!table.startsWith(`Measured by \`npm run bench\` ${machine}.`))
    throw new Error(
      "the README's rows are of another machine: measure all of them (npm run bench -- --write)",
    );
  // After the head and its line.
  const before = table
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .slice(1);
  const kept = before.map((row) => now.get(nameOf(row)) ?? row);
  return [...kept, ...fresh.filter((row) => !kept.includes(row))];
}

/** Between the README's marks of that name, where that is asked for. */
function write(name: string, table: string): void {
  if (!process.argv.includes("--write")) return;
  const between = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- /${name} -->)`);
  writeFileSync(
    README,
    readFileSync(README, "utf8").replace(between, (_, a, b) => `${a}${table}\n${b}`),
  );
}

function rowOf({ name, unit, value, target, detail }: Measured): string {
  const number = (x: number): string =>
    x === 0 ? "0" : Math.abs(x) >= 100 ? x.toFixed(0) : Number(x.toPrecision(2)).toString();
  const reached = target === null ? "–" : `≤ ${number(target)}${value <= target ? "" : " **missed**"}`;
  return `| ${name} | ${`${number(value)} ${unit}`.trim()} | ${reached} | ${detail} | ${day} |`;
}
