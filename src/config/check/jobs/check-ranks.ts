/** Pauses that a job of several ranks doesn't survive, as far as its command or environment tells of them. Pure. */

import { severalTold } from "../../../model/launcher.ts";
import { type Entry, type Fields, formatPath, show } from "../../problem.ts";
import type { Finding } from "../explain.ts";

const WHY_NOT: Readonly<Record<string, string>> = {
  standby: "they would be held at different frames",
  freeze: "their waits for each other would time out",
  park: "only a single process can be parked",
};

export function checkRanks({ path, fields }: Entry): Finding[] {
  const { pause, executor } = fields;
  const method = (pause as Fields | null | undefined)?.method;
  const whyNot = WHY_NOT[String(method)];
  // On a cluster a run that is only held is refused in any case.
  if (whyNot === undefined || (executor as Fields | null | undefined)?.kind === "slurm") return [];
  const told = severalIn(fields);
  if (told === null) return [];
  const here = [...path, "pause", "method"];
  const message = `${formatPath(here)} must be "auto" or "checkpoint" for a job of several ranks (${told}), got ${show(method)}: ${whyNot}.`;
  return [{ path: here, message }];
}

function severalIn({ command, env }: Fields): string | null {
  const words = Array.isArray(command) ? command.filter((word) => typeof word === "string") : [];
  return severalTold(words, (env as Fields | null | undefined) ?? {});
}
