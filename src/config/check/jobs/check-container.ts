/** What a job in a container can't have, and commands of container engines that can't be supervised. Pure. */
import { basename } from "node:path";
import { type Contained, containerCommandOf, ENGINES, hasOption } from "../../../files/container-command.ts";
import { type Entry, type Fields, formatPath, type Path, show } from "../../problem.ts";
import type { Finding } from "../explain.ts";

/** Clients whose containers aren't known to be the job's. */
const OTHER_CLIENTS = ["nerdctl", "docker-compose", "podman-compose"];

/** Options that would take the container from the supervisor's hands. */
const REFUSED: [long: string, short: string | undefined, why: string][] = [
  [
    "--detach",
    "d",
    "the run would end with the client. Remove it: the supervisor is in the background anyway",
  ],
  ["--restart", undefined, 'the supervisor starts it again. Remove it, and see "restart"'],
  ["--cidfile", undefined, "the supervisor writes it. Remove it"],
  ["--sig-proxy", undefined, "the supervisor signals the program itself. Remove it"],
];

export function checkContainer({ path, fields }: Entry): Finding[] {
  const { container, command } = fields;
  if (container === undefined) return checkClient([...path, "command"], command);
  if (typeof container !== "object" || container === null) return [];
  const here = [...path, "container"];
  const { options } = container as Fields;
  return [...elsewhere(here, fields), ...refused([...here, "options"], options)];
}

/** A node of a cluster would have to have the engine, and its containers are none of this machine's. */
function elsewhere(path: Path, { executor }: Fields): Finding[] {
  if ((executor as Fields | null | undefined)?.kind !== "slurm") return [];
  const message = `${formatPath(path)} is about a container on this machine, and this job runs on a cluster. Write the cluster's own: "executor.options": ["--container-image=…"].`;
  return [{ path, part: "key", message }];
}

function checkClient(path: Path, command: unknown): Finding[] {
  if (!Array.isArray(command)) return [];
  const words = command.filter((word) => typeof word === "string");
  const at = words[0] === "sudo" ? 1 : 0;
  const name = basename(words[at] ?? "");
  const isEngine = ENGINES.some((engine) => engine === name);
  if (!isEngine && !OTHER_CLIENTS.includes(name)) return [];
  const refuse = (index: number, what: string): Finding[] => {
    const here = [...path, index];
    return [{ path: here, message: `${formatPath(here)} must not be ${what}` }];
  };
  if (at === 1)
    return refuse(
      0,
      `"sudo" before a container client: it would hide the container's variables. Run the supervisor as the user whose containers they are.`,
    );
  const asked = isEngine ? containerCommandOf({ command: words } as Contained) : null;
  if (asked === null)
    return refuse(
      at,
      `${show([name, words[1]].filter(Boolean).join(" "))}: the supervisor knows containers that 'podman run' or 'docker run' starts. Write that, or "container": {"engine": "podman", "image": "…"}.`,
    );
  const first = words.length - asked.rest.length - asked.options.length;
  return refused(path, asked.options, first);
}

/** `first`: index of the first of the options in the list at `path`. */
function refused(path: Path, options: unknown, first = 0): Finding[] {
  if (!Array.isArray(options)) return [];
  const words = options.filter((word) => typeof word === "string");
  return REFUSED.flatMap(([long, short, why]) => {
    if (!hasOption(words, long, short)) return [];
    const at = words.findIndex((word) => hasOption([word], long, short));
    const here = [...path, first + at];
    return [{ path: here, message: `${formatPath(here)} must not be ${show(words[at])}: ${why}.` }];
  });
}
