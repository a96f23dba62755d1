/** Pauses that a job of several ranks doesn't survive, as far as its command or environment tells of them. Pure. */
import { basename } from "node:path";
import { type Entry, type Fields, formatPath, show } from "../../problem.ts";
import type { Finding } from "../explain.ts";

/** Launchers, by their program or module, and the options that tell them how many ranks to start. */
const TORCHRUN = ["--nproc-per-node", "--nproc_per_node", "--nnodes"];
const LAUNCHERS: Readonly<Record<string, readonly string[]>> = {
  torchrun: TORCHRUN,
  "torch.distributed.run": TORCHRUN,
  "torch.distributed.launch": TORCHRUN,
  accelerate: ["--num-processes", "--num_processes"],
  deepspeed: ["--num_gpus", "--num_nodes"],
  mpirun: ["-np", "--np"],
  mpiexec: ["-np", "--np"],
  horovodrun: ["-np", "--num-proc"],
};

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

/** What tells of several ranks, as it is written; null where nothing does. */
function severalIn({ command, env }: Fields): string | null {
  const size = (env as Fields | null | undefined)?.WORLD_SIZE;
  if (isSeveral(size)) return `"WORLD_SIZE": ${show(size)}`;
  const words = Array.isArray(command) ? command.filter((word) => typeof word === "string") : [];
  const at = words.findIndex((word) => Object.hasOwn(LAUNCHERS, basename(word)));
  const options = LAUNCHERS[basename(words[at] ?? "")] ?? [];
  for (const [i, word] of words.entries()) {
    const [name = "", value] = word.split("=");
    if (i <= at || !options.includes(name)) continue;
    if (isSeveral(value ?? words[i + 1])) return value === undefined ? `${name} ${words[i + 1]}` : word;
  }
  return null;
}

/** A range such as 1:4 may turn out to be one. */
const isSeveral = (count: unknown): boolean => /^\d+$/.test(String(count)) && Number(count) > 1;
