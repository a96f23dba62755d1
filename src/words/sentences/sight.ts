/** What a rule can't see, as a sentence. Pure. */
import type { Sight } from "../../model/decision.ts";
import { list } from "../list.ts";

/** "Rule 'x' can't act: pressure.io.full can't be read (this kernel has no /proc/pressure/io)." */
export function sightText({ how, metric, gpu, rules, why }: Sight): string {
  const sensor = `${metric}${gpu === null ? "" : ` on GPU ${gpu}`}`;
  if (how === "estimated") return `${sensor} is estimated: ${why}.`;
  const names = list(rules.map((name) => `'${name}'`));
  return `Rule${rules.length === 1 ? "" : "s"} ${names} can't act: ${sensor} can't be read (${why}).`;
}
