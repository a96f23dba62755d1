/** Learned figures and how sure they are, in words. Never decides anything. */
import type { Summary } from "../model/figure.ts";
import type { LearnedSummary } from "../model/learned.ts";
import { duration } from "./duration.ts";
import { plural } from "./list.ts";
import { number, percent } from "./number.ts";
import { size } from "./size.ts";

/** Words a value in the unit of its figure. */
type Show = (value: number) => string;

/** "measured once", "measured 12 times, ± 0.3 s" */
export const howSure = (figure: Pick<Summary, "count" | "spread">, show: Show): string =>
  `measured ${howOften(figure, show)}`;

/** Without a spread that reads as 0. */
function howOften({ count, spread }: Pick<Summary, "count" | "spread">, show: Show): string {
  const times = count === 1 ? "once" : plural(count, "time");
  return show(spread) === show(0) ? times : `${times}, ± ${show(spread)}`;
}

/** What its pauses cost: "a save takes 7.8 s (14 times, ± 0.2 s), a reload 4.1 s (once)"; may be empty. */
export function costsText({ saveMs, leaveMs, reloadMs, stepsRedone }: LearnedSummary): string {
  const redone = stepsRedone === undefined || stepsRedone.typical === 0 ? undefined : stepsRedone;
  return joined([
    typically("a save takes", saveMs, duration),
    typically("leaving after it", leaveMs, duration),
    typically("a reload", reloadMs, duration),
    typically("steps made again:", redone, number),
  ]);
}

/** What it uses while it works, at its highest: "2.1 GiB of memory (61 times, ± 20 MiB)"; may be empty. */
export function usesText(learned: LearnedSummary): string {
  const vram = Object.values(learned.gpuMemoryMiB ?? {});
  return joined([
    upTo(learned.memoryMiB, size, "of memory"),
    ...vram.map((figure) => upTo(figure, size, "of VRAM")),
    upTo(learned.cpuPercent, percent, "of the CPU"),
    upTo(learned.gpuPercent, percent, vram.length > 1 ? "of its GPUs" : "of its GPU"),
    typically("a step costs", learned.joulesPerStep, (joules) => `${number(joules)} J`),
  ]);
}

const typically = (what: string, figure: Summary | undefined, show: Show): string =>
  figure === undefined ? "" : `${what} ${show(figure.typical)} (${howOften(figure, show)})`;

const upTo = (figure: Summary | undefined, show: Show, what: string): string =>
  figure === undefined ? "" : `${show(figure.peak)} ${what} (${howOften(figure, show)})`;

const joined = (parts: string[]): string => parts.filter((part) => part !== "").join(", ");
