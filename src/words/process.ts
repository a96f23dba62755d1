/** Names processes in words, as far as a sentence has room. Never decides anything. */
import type { ProcessEvidence } from "../model/machine.ts";
import { plural } from "./list.ts";

/** The program of a command line, without its folder and arguments: "/usr/bin/ffmpeg -i a" is "ffmpeg". */
export function programOf(command: string): string {
  const [first = ""] = command.trim().split(/\s+/);
  return first.slice(first.lastIndexOf("/") + 1) || command.trim();
}

/** "'stress' (pid 8812, ana) and 2 others"; null when no process is known. */
export function processes(found: ProcessEvidence[]): string | null {
  const [first, ...others] = found;
  if (first === undefined) return null;
  const name = `'${programOf(first.command)}' (pid ${first.pid}, ${first.user})`;
  return others.length === 0 ? name : `${name} and ${plural(others.length, "other")}`;
}
