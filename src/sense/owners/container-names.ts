/**
 * What people call the container that a process is in: by the command line of Podman's helper, which everybody may
 * read, and by the engines' own files, which root may. Asks no engine: that would take a process and a wait.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ProcessEvidence } from "../../model/machine.ts";
import { containerIn } from "../proc/cgroups.ts";
import type { ProcessStat } from "../proc/parse.ts";
import { readStat, readWords } from "../proc/process.ts";
import { parentsOf } from "./parents.ts";

type Named = NonNullable<ProcessEvidence["container"]>;

const DOCKER_CONTAINERS = "/var/lib/docker/containers";
/** As people abbreviate an id. */
const SHORT = 12;
const MOST_KEPT = 256;

/** By id. A container keeps its name, but for `rename`. */
const known = new Map<string, Named>();

/** Null for a process in no container. One whose name can't be read goes by its id. */
export function containerOf(stat: ProcessStat): Named | null {
  const id = stat.kernel ? null : containerIn(stat.pid);
  if (id === null) return null;
  const before = known.get(id);
  if (before !== undefined) return before;
  const named = byPodman(stat, id) ?? byDocker(id) ?? { name: id.slice(0, SHORT) };
  if (known.size >= MOST_KEPT) known.clear();
  known.set(id, named);
  return named;
}

/** `conmon … -c <id> … -b <storage>/<id>/userdata … -n <name>`, above the container's first process. */
function byPodman(stat: ProcessStat, id: string): Named | null {
  for (const { pid, name } of parentsOf(stat, readStat)) {
    if (name !== "conmon") continue;
    const words = (readWords(pid, "cmdline") ?? "").split("\0");
    const after = (option: string): string | undefined => words[words.indexOf(option) + 1];
    const called = words.includes("-n") ? after("-n") : undefined;
    if (after("-c") !== id || !called) return null;
    const image = podmanImage(dirname(dirname(after("-b") ?? "")), id);
    return { name: called, ...(image && { image }) };
  }
  return null;
}

/** By the list of containers in Podman's storage. */
function podmanImage(storage: string, id: string): string | null {
  const list = readJson(join(storage, "containers.json"));
  const entry = Array.isArray(list) ? list.find((one) => one?.id === id) : null;
  try {
    const image: unknown = JSON.parse(entry?.metadata ?? "{}")["image-name"];
    return typeof image === "string" && image !== "" ? image : null;
  } catch {
    return null;
  }
}

function byDocker(id: string): Named | null {
  const config = readJson(join(DOCKER_CONTAINERS, id, "config.v2.json")) as {
    Name?: unknown;
    Config?: { Image?: unknown };
  } | null;
  if (typeof config?.Name !== "string") return null;
  const image = config.Config?.Image;
  return { name: config.Name.replace(/^\//, ""), ...(typeof image === "string" && { image }) };
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}
