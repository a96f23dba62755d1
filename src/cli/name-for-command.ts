/** A job's name from its command: the script's, not the interpreter's. Pure. */
import { basename } from "node:path";

const LAUNCHERS =
  /^(node|deno|bun|python[\d.]*|uv|uvx|conda|mamba|poetry|pixi|bash|sh|env|nice|time|timeout|torchrun|accelerate|deepspeed|run|launch|npx|tsx|sudo)$/;
const SCRIPT = /\.(m?[jt]sx?|cjs|py|sh)$/;
const LONGEST = 48;

/** `["uv", "run", "train.py", "--lr", "1"]` → `train`; `train-2` where that is taken. */
export function nameJob(command: string[], taken: readonly string[]): string {
  const clean = basename(subject(command))
    .replace(SCRIPT, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "")
    .slice(0, LONGEST);
  const name = clean === "" ? "job" : clean;
  if (!taken.includes(name)) return name;
  for (let n = 2; ; n++) if (!taken.includes(`${name}-${n}`)) return `${name}-${n}`;
}

function subject(command: string[]): string {
  const module = command.indexOf("-m");
  const named = module === -1 ? undefined : command[module + 1];
  const script = command.slice(1).find((word) => SCRIPT.test(word) && !word.startsWith("-"));
  // `-m pkg.train` is a module, unless a script shows it to be an option of the program's own.
  if (named !== undefined && script === undefined) return named.split(".").at(-1) as string;
  const word = command.find(
    (one) => !one.startsWith("-") && !one.includes("=") && !LAUNCHERS.test(basename(one)),
  );
  return script ?? word ?? command[0] ?? "";
}
