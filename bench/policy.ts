/**
 * Our policy against others, on seeded days: `npm run bench:policy` prints the table, `-- --seed N` makes other
 * days, `-- --write` puts the table into docs/policy.md. The score is the share of the time in which the job worked,
 * less the share in which others felt it; the last column compares it with that of an oracle.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  boincLike,
  condorLike,
  never,
  type Outcome,
  oneThreshold,
  oracle,
  simulate,
  type Terms,
} from "./policy/baselines.ts";
import { ours } from "./policy/ours.ts";
import { square, type Trace, traces } from "./policy/traces.ts";

const COSTS = { saveS: 5, loadS: 20 };
const PAGE = join(import.meta.dirname, "../docs/policy.md");
/** Of square waves, seconds. */
const PERIODS = [1, 2, 5, 10, 20, 40, 60, 120, 300, 600, 1200, 1800, 3600];

const seedAt = process.argv.indexOf("--seed");
const seed = seedAt < 0 ? 1 : Number(process.argv[seedAt + 1]);
const table = [
  `Measured by \`npm run bench:policy\` (seed ${seed}); one job that takes ${COSTS.saveS} s to save and ${COSTS.loadS} s to load.`,
  "",
  "| day | policy | pressure felt | work | pauses | overhead | score | of the oracle's |",
  "|---|---|--:|--:|--:|--:|--:|--:|",
];
for (const trace of traces(seed)) {
  for (const row of await rowsOf(trace)) {
    table.push(row);
    console.log(row);
  }
}
const waves = [
  "",
  "| period of a square wave, 6 h | pauses | work | overhead | budget: 5 % of the time and of 10 minutes |",
  "|--:|--:|--:|--:|--:|",
];
for (const period of PERIODS) {
  const [high, low] = [Math.ceil(period / 2), Math.floor(period / 2)];
  const values = square(high, low, 6 * 3600);
  const { pauses, overheadS, workS } = await ours(
    { ...gpuTrace(), values },
    { forSeconds: 0, clearSeconds: 0 },
    COSTS,
  );
  const budgetS = 0.05 * (6 * 3600 + 600);
  waves.push(
    `| ${period} s | ${pauses} | ${workS.toFixed(0)} s | ${overheadS.toFixed(0)} s | ${budgetS.toFixed(0)} s |`,
  );
  console.log(waves.at(-1));
}
if (process.argv.includes("--write")) {
  const page = readFileSync(PAGE, "utf8");
  const text = [...table, ...waves].join("\n");
  writeFileSync(
    PAGE,
    page.replace(/(<!-- policy -->\n)[\s\S]*(<!-- \/policy -->)/, (_, a, b) => `${a}${text}\n${b}`),
  );
}

function gpuTrace(): Trace {
  const [first] = traces(seed);
  if (first === undefined) throw new Error("there are no days");
  return first;
}

async function rowsOf(trace: Trace): Promise<string[]> {
  const { rule, values, percentOfOthers } = trace;
  const isBeyond = (value: number): boolean =>
    rule.above !== undefined ? value > rule.above : value < (rule.below ?? 0);
  const terms: Terms = { ...COSTS, isBeyond };
  const best = oracle(values, terms);
  const peer = (policy: Parameters<typeof simulate>[0]): Outcome => simulate(policy, values, terms);
  const outcomes: [name: string, outcome: Outcome][] = [
    ["ours, as by default (8 s, 300 s)", await ours(trace, { forSeconds: 8, clearSeconds: 300 }, COSTS)],
    ["ours, without dwell (0 s, 0 s)", await ours(trace, { forSeconds: 0, clearSeconds: 0 }, COSTS)],
    ["ours, at once (0 s, 30 s)", await ours(trace, { forSeconds: 0, clearSeconds: 30 }, COSTS)],
    ["one threshold", peer(oneThreshold(terms))],
    // They have no rule for temperature or memory.
    ["HTCondor-like", peer(percentOfOthers ? condorLike() : never())],
    ["BOINC-like", peer(percentOfOthers ? boincLike() : never())],
    ["never pausing", peer(never())],
    ["oracle", best],
  ];
  return outcomes.map(([name, one]) => {
    const [score, most] = [scoreOf(one, values.length), scoreOf(best, values.length)];
    const cells = [
      trace.name,
      name,
      `${one.pressureS.toFixed(0)} s`,
      `${(one.workS / 3600).toFixed(2)} h`,
      one.pauses,
      `${one.overheadS.toFixed(0)} s`,
      score.toFixed(3),
      most <= 0 ? "–" : `${((score / most) * 100).toFixed(0)} %`,
    ];
    return `| ${cells.join(" | ")} |`;
  });
}

function scoreOf({ workS, pressureS }: Outcome, seconds: number): number {
  return (workS - pressureS) / seconds;
}
