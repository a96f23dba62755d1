/**
 * Our policy against others, on seeded days: `npm run bench:policy` prints the table, `-- --seed N` makes other
 * days, `-- --write` puts the tables into docs/policy.md and the README, and the plot beside them. The score is the
 * share of the time in which the job worked, less the share in which others felt it.
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
import { type Dwell, ours } from "./policy/ours.ts";
import { wavePlot } from "./policy/plot.ts";
import { dayTable, gist, type Played, type Wave, waveTable } from "./policy/tables.ts";
import { square, type Trace, traces } from "./policy/traces.ts";

const COSTS = { saveS: 5, loadS: 20 };
const ROOT = join(import.meta.dirname, "..");
/** Of square waves, seconds. */
const PERIODS = [1, 2, 5, 10, 20, 40, 60, 120, 300, 600, 1200, 1800, 3600];
const WAVES_S = 6 * 3600;
/** The default of `maxPauseOverhead`, of the time and of the first minutes that are free. */
const BUDGET_S = 0.05 * (WAVES_S + 600);
const OURS = {
  "ours, as by default (8 s, 300 s)": { forSeconds: 8, clearSeconds: 300 },
  "ours, at once (0 s, 30 s)": { forSeconds: 0, clearSeconds: 30 },
  "ours, without dwell (0 s, 0 s)": { forSeconds: 0, clearSeconds: 0 },
} satisfies Record<string, Dwell>;

const seedAt = process.argv.indexOf("--seed");
const seed = seedAt < 0 ? 1 : Number(process.argv[seedAt + 1]);
const played: Played[] = [];
for (const trace of traces(seed)) {
  const rows = await playedOn(trace);
  played.push(...rows);
  console.log(dayTable(rows).slice(2).join("\n"));
}
const waves: Wave[] = [];
for (const periodS of PERIODS) {
  waves.push(await waveOf(periodS));
  console.log(waveTable(waves).at(-1));
}
if (process.argv.includes("--write")) write();

function write(): void {
  const measured = `Measured by \`npm run bench:policy\` (seed ${seed}); one job that takes ${COSTS.saveS} s to save and ${COSTS.loadS} s to load.`;
  put("docs/policy.md", [
    measured,
    "",
    ...dayTable(played),
    "",
    "![overhead under square waves of each period, beside the budget](policy-waves.svg)",
    "",
    ...waveTable(waves),
  ]);
  put("README.md", [
    measured,
    "",
    ...gist(played, ["ours, as by default (8 s, 300 s)", "ours, without dwell (0 s, 0 s)", "one threshold"]),
  ]);
  writeFileSync(join(ROOT, "docs/policy-waves.svg"), wavePlot(waves, WAVES_S));
}

/** Between a page's two marks. */
function put(page: string, lines: string[]): void {
  const path = join(ROOT, page);
  const text = readFileSync(path, "utf8");
  const marks = /(<!-- policy -->\n)[\s\S]*(<!-- \/policy -->)/;
  if (!marks.test(text)) throw new Error(`${page} has no place for the table`);
  writeFileSync(
    path,
    text.replace(marks, (_, a, b) => `${a}${lines.join("\n")}\n${b}`),
  );
}

async function waveOf(periodS: number): Promise<Wave> {
  const [first] = traces(seed);
  if (first === undefined) throw new Error("there are no days");
  const values = square(Math.ceil(periodS / 2), Math.floor(periodS / 2), WAVES_S);
  const outcome = await ours({ ...first, values }, { forSeconds: 0, clearSeconds: 0 }, COSTS);
  return { periodS, outcome, budgetS: BUDGET_S };
}

async function playedOn(trace: Trace): Promise<Played[]> {
  const { rule, values, percentOfOthers, name: day } = trace;
  const isBeyond = (value: number): boolean =>
    rule.above !== undefined ? value > rule.above : value < (rule.below ?? 0);
  const terms: Terms = { ...COSTS, isBeyond };
  const best = oracle(values, terms);
  const peer = (policy: Parameters<typeof simulate>[0]): Outcome => simulate(policy, values, terms);
  const outcomes: [name: string, outcome: Outcome][] = [];
  for (const [name, dwell] of Object.entries(OURS)) outcomes.push([name, await ours(trace, dwell, COSTS)]);
  outcomes.push(
    ["one threshold", peer(oneThreshold(terms))],
    // They have no rule for temperature or memory.
    ["HTCondor-like", peer(percentOfOthers ? condorLike() : never())],
    ["BOINC-like", peer(percentOfOthers ? boincLike() : never())],
    ["never pausing", peer(never())],
    ["oracle", best],
  );
  return outcomes.map(([policy, outcome]) => ({
    day,
    policy,
    outcome,
    score: scoreOf(outcome, values.length),
    best: scoreOf(best, values.length),
  }));
}

function scoreOf({ workS, pressureS }: Outcome, seconds: number): number {
  return (workS - pressureS) / seconds;
}
