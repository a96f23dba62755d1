/** What the policy bench found, as Markdown: every row for docs/policy.md, the gist for the README. Pure. */
import type { Outcome } from "./baselines.ts";

export interface Played {
  day: string;
  policy: string;
  outcome: Outcome;
  /** The share of the day in which the job worked, less the share in which others felt it. */
  score: number;
  best: number;
}

export interface Wave {
  periodS: number;
  outcome: Outcome;
  budgetS: number;
}

const hours = (seconds: number): string => `${(seconds / 3600).toFixed(2)} h`;
const ofBest = ({ score, best }: Played): string =>
  best <= 0 ? "–" : `${((score / best) * 100).toFixed(0)} %`;
const row = (...cells: (string | number)[]): string => `| ${cells.join(" | ")} |`;

export const dayTable = (all: readonly Played[]): string[] => [
  "| day | policy | pressure felt | work | pauses | overhead | score | of the oracle's |",
  "|---|---|--:|--:|--:|--:|--:|--:|",
  ...all.map((one) => {
    const { pressureS, workS, pauses, overheadS } = one.outcome;
    return row(
      one.day,
      one.policy,
      `${pressureS.toFixed(0)} s`,
      hours(workS),
      pauses,
      `${overheadS.toFixed(0)} s`,
      one.score.toFixed(3),
      ofBest(one),
    );
  }),
];

export const waveTable = (waves: readonly Wave[]): string[] => [
  "| period of a square wave, 6 h | pauses | work | overhead | budget: 5 % of the time and of 10 minutes |",
  "|--:|--:|--:|--:|--:|",
  ...waves.map(({ periodS, outcome: { pauses, workS, overheadS }, budgetS }) =>
    row(
      `${periodS} s`,
      pauses,
      `${workS.toFixed(0)} s`,
      `${overheadS.toFixed(0)} s`,
      `${budgetS.toFixed(0)} s`,
    ),
  ),
];

/** Each of `policies` side by side: pressure, work, and the share of the oracle's score. */
export function gist(all: readonly Played[], policies: readonly string[]): string[] {
  const days = [...new Set(all.map(({ day }) => day))];
  const cells = (day: string): string[] =>
    policies.flatMap((policy) => {
      const one = all.find((played) => played.day === day && played.policy === policy);
      if (one === undefined) throw new Error(`'${policy}' wasn't played on '${day}'`);
      return [`${one.outcome.pressureS.toFixed(0)} s, ${hours(one.outcome.workS)}`, ofBest(one)];
    });
  return [
    row("pressure felt, work", ...policies.flatMap((policy) => [policy, "of the oracle's"])),
    row("---", ...policies.flatMap(() => ["--:", "--:"])),
    ...days.map((day) => row(day, ...cells(day))),
  ];
}
