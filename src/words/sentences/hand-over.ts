/** That a job seems to hand its work to a program that isn't its own, and the way out. Pure. */
import type { HandOver } from "../../model/decision.ts";
import { plural } from "../list.ts";
import { percent } from "../number.ts";

export function handOverText({ gpu, from, to, runs, program }: HandOver): string {
  const name = program === undefined ? "another program" : `'${program.name}' (pid ${program.pid})`;
  const others = gpu === null ? "others' CPU use" : `others' use of GPU ${gpu}`;
  // Of the CPU, a program's own use is known.
  const [use, who] =
    gpu === null && program !== undefined ? [`the CPU use of ${name}`, "that program"] : [others, name];
  return (
    `Its own processes are idle, while ${use} rose from ${percent(from)} to ${percent(to)} with it and fell when it stopped, ` +
    `in ${plural(runs, "run")}: it seems to hand its work to ${who}, which a pause of it doesn't reach. ` +
    "Make that program the job: supervisor run -- COMMAND."
  );
}
