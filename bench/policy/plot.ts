/** Overhead under square waves of every period, beside the budget, as an SVG that reads in light and dark. Pure. */
import type { Wave } from "./tables.ts";

const [WIDTH, HEIGHT] = [720, 260];
const EDGE = { left: 52, right: 16, top: 16, bottom: 40 };

export function wavePlot(waves: readonly Wave[], seconds: number): string {
  const share = (overheadS: number): number => (overheadS / seconds) * 100;
  const most = Math.max(1, ...waves.map(({ budgetS }) => share(budgetS))) * 1.15;
  const last = Math.log(Math.max(...waves.map(({ periodS }) => periodS)));
  const x = (periodS: number): number =>
    EDGE.left + (Math.log(periodS) / last) * (WIDTH - EDGE.left - EDGE.right);
  const y = (percent: number): number =>
    HEIGHT - EDGE.bottom - (percent / most) * (HEIGHT - EDGE.top - EDGE.bottom);
  const line = (of: (wave: Wave) => number): string =>
    waves.map((wave) => `${x(wave.periodS).toFixed(1)},${y(of(wave)).toFixed(1)}`).join(" ");
  const text = (at: string, words: string): string => `<text ${at}>${words}</text>`;
  const rises = Array.from({ length: Math.floor(most) + 1 }, (_, percent) =>
    [
      `<path d="M${EDGE.left} ${y(percent).toFixed(1)}H${WIDTH - EDGE.right}" stroke="#8884"/>`,
      text(`x="${EDGE.left - 8}" y="${(y(percent) + 4).toFixed(1)}" text-anchor="end"`, `${percent} %`),
    ].join(""),
  );
  const periods = waves.map(({ periodS }) =>
    text(`x="${x(periodS).toFixed(1)}" y="${HEIGHT - 22}" text-anchor="middle"`, `${periodS}`),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11" fill="#888">`,
    "<title>Overhead under square waves, as a share of the time</title>",
    ...rises,
    ...periods,
    text(`x="${WIDTH / 2}" y="${HEIGHT - 6}" text-anchor="middle"`, "period of the square wave, s"),
    `<polyline points="${line(({ budgetS }) => share(budgetS))}" fill="none" stroke="#d62728" stroke-dasharray="5 4"/>`,
    text(
      `x="${EDGE.left + 6}" y="${(y(share(waves[0]?.budgetS ?? 0)) - 6).toFixed(1)}" fill="#d62728"`,
      "budget",
    ),
    `<polyline points="${line(({ outcome }) => share(outcome.overheadS))}" fill="none" stroke="#1f77b4" stroke-width="2"/>`,
    ...waves.map(
      ({ periodS, outcome }) =>
        `<circle cx="${x(periodS).toFixed(1)}" cy="${y(share(outcome.overheadS)).toFixed(1)}" r="3" fill="#1f77b4"/>`,
    ),
    "</svg>",
    "",
  ].join("\n");
}
