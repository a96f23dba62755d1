/**
 * Errors in a service (`"service": true`), which is only asked by HTTP, and in a job that has nothing to run. Works on
 * the raw document.
 */
import { type Entry, type Fields, formatPath, type Path, show } from "../../problem.ts";
import type { JobSpec } from "../../schema/job-schema.ts";
import type { Finding } from "../explain.ts";

/** What they are about is done to a job's own processes, or to what it saves. */
const NOT_OF_A_SERVICE: (keyof JobSpec)[] = [
  "command",
  "resumeArgs",
  "cwd",
  "env",
  "envFile",
  "python",
  "gpuNames",
  "leftovers",
  "checkpoint",
  "backup",
  "standby",
  "park",
  "restart",
  "container",
  "executor",
];

/** The same of its `pause`. */
const NOT_OF_ITS_PAUSE: (keyof JobSpec["pause"])[] = ["signal", "target", "exitCodes"];

/** Whatever else they may say would force it. */
const ONLY_WAIT: (keyof JobSpec["pause"])[] = ["onTimeout", "otherwise"];

const found = (path: Path, sentence: string): Finding => ({
  path,
  message: `${formatPath(path)} ${sentence}`,
});

export function checkService({ path, fields }: Entry): Finding[] {
  const { service = false } = fields;
  if (service !== true) return service !== false || "command" in fields ? [] : [noCommand(path)];
  const pause = (typeof fields.pause === "object" && fields.pause !== null ? fields.pause : {}) as Fields;
  return [
    ...NOT_OF_A_SERVICE.flatMap((key) => meaningless(fields, key, path)),
    ...NOT_OF_ITS_PAUSE.flatMap((key) => meaningless(pause, key, [...path, "pause"])),
    ...ONLY_WAIT.flatMap((key) => forcing(pause, key, [...path, "pause", key])),
    ...unasked(pause, [...path, "pause"]),
    ...unplaced(fields, path),
  ];
}

const noCommand = (path: Path): Finding =>
  found([...path, "command"], "is missing: it must be a list of strings that isn't empty.");

function meaningless(fields: Fields, key: string, path: Path): Finding[] {
  if (!(key in fields)) return [];
  const sentence = `must not stand beside "service": true: a service is started and ended by somebody else, and only asked. Take one of the two out.`;
  return [{ ...found([...path, key], sentence), part: "key" }];
}

function forcing(pause: Fields, key: string, path: Path): Finding[] {
  if (pause[key] === undefined || pause[key] === "wait") return [];
  return [
    found(path, `must be "wait" for a service, got ${show(pause[key])}: nothing is done to its processes.`),
  ];
}

function unasked({ method }: Fields, path: Path): Finding[] {
  if (method === "http") return [];
  const way = 'a service is only asked. Write "pause": { "method": "http", "server": … }.';
  if (method === undefined) return [found([...path, "method"], `is missing: ${way}`)];
  return [found([...path, "method"], `must be "http" for a service, got ${show(method)}: ${way}`)];
}

/** Nobody here chooses its GPUs, and what it holds is looked for on those that are named. */
function unplaced({ gpus, gpuIds }: Fields, path: Path): Finding[] {
  if (gpus !== undefined && gpus !== 0)
    return [
      found(
        [...path, "gpus"],
        `must be 0 for a service, got ${show(gpus)}: it isn't placed here. Name the GPUs that it uses in "gpuIds".`,
      ),
    ];
  if (gpus === 0 || gpuIds !== undefined) return [];
  return [found([...path, "gpuIds"], 'is missing: name the GPUs that the service uses, or write "gpus": 0.')];
}
