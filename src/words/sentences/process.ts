/** Names processes in words, as far as a sentence has room. Never decides anything. */
import type { ProcessEvidence } from "../../model/machine.ts";
import { plural } from "../list.ts";

/** The program of a command line, without its folder and arguments: "/usr/bin/ffmpeg -i a" is "ffmpeg". */
export function programOf(command: string): string {
  const [first = ""] = command.trim().split(/\s+/);
  return first.slice(first.lastIndexOf("/") + 1) || command.trim();
}

/** "'stress' (pid 8812, ana) and 2 others"; null when no process is known. */
export function processes(found: ProcessEvidence[]): string | null {
  const [first, ...others] = found;
  if (first === undefined) return null;
  const name = named(first);
  return others.length === 0 ? name : `${name} and ${plural(others.length, "other")}`;
}

/** "'stress' (pid 8812, ana)", or "'stress' in container 'web' (pid 8812, nginx:1)". */
function named({ command, pid, user, container }: ProcessEvidence): string {
  const program = `'${programOf(command)}'`;
  if (container === undefined) return `${program} (pid ${pid}, ${user})`;
  const { name, image } = container;
  return `${program} in container '${name}' (pid ${pid}${image === undefined ? "" : `, ${image}`})`;
}

/** "ana", or "container 'web'": in one the user says little, since its root needn't be this machine's. */
export const whoseProcess = ({ user, container }: Pick<ProcessEvidence, "user" | "container">): string =>
  container === undefined ? user : `container '${container.name}'`;
