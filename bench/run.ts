/**
 * Every figure in the README: runs the benchmarks one after the other and prints one table, in
 * Markdown. `npm run bench` for all, `npm run bench -- sense audit` for some, `--write` to put the
 * table into the README, `--full` for the audit log with ten times the events. Machines are noisy: CPU
 * time is counted wherever that answers the question.
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
];
const README = join(import.meta.dirname, "../README.md");

const asked = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const told: string[] = [];
for (const name of asked.length > 0 ? asked : BENCHES) {
  const bench: { measure(): Promise<Measured[]> } = await import(`./${name}.ts`);
  for (const figure of await bench.measure()) {
    const row = rowOf(figure);
    if (figure.target !== null || figure.peer) told.push(row);
    console.log(row);
  }
}

const table = [
  `Measured by \`npm run bench\` on ${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release().split("-")[0]}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}.`,
  "",
  "| what | measured | target | how |",
  "|---|--:|--:|---|",
  ...told,
].join("\n");
if (process.argv.includes("--write")) {
  const readme = readFileSync(README, "utf8");
  writeFileSync(
    README,
    readme.replace(/(<!-- bench -->\n)[\s\S]*(\n<!-- \/bench -->)/, (_, a, b) => `${a}${table}${b}`),
  );
}
process.exit();

function rowOf({ name, unit, value, target, detail }: Measured): string {
  const number = (x: number): string =>
    x === 0 ? "0" : Math.abs(x) >= 100 ? x.toFixed(0) : Number(x.toPrecision(2)).toString();
  const reached = target === null ? "–" : `≤ ${number(target)}${value <= target ? "" : " **missed**"}`;
  return `| ${name} | ${`${number(value)} ${unit}`.trim()} | ${reached} | ${detail} |`;
}
