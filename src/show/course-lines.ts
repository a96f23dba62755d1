/** How a replay went over time, as two strips of bars. Pure. */
import type { Figures } from "../replay/figures.ts";
import { duration } from "../words/duration.ts";

const BARS = "▁▂▃▄▅▆▇█";

/** `isNamed`: with the config's name, where there are several. */
export function courseLines(
  { config, course: { stepMs, work, pressure } }: Pick<Figures, "config" | "course">,
  isNamed: boolean,
): string[] {
  const name = isNamed ? `${config}, ` : "";
  return [
    `${name}${duration(stepMs)} a column:`,
    `  at work        ${work.map(bar).join("")}`,
    `  pressure felt  ${pressure.map(bar).join("")}`,
  ];
}

/** What is there at all shows, and what is none is told from what wasn't recorded. */
function bar(share: number | null): string {
  if (share === null) return " ";
  return share === 0 ? "·" : (BARS[Math.ceil(share * BARS.length) - 1] ?? "█");
}
