/** What a job on a Slurm cluster can't have, and what only such a job can have. Pure. */
import { type Entry, type Fields, formatPath, type Path, show } from "../../problem.ts";
import type { Finding } from "../explain.ts";

/** Fields of a job that name GPUs of this machine. */
const LOCAL_GPUS = ["gpus", "gpuIds", "gpuNames", "gpuMemoryMiB", "shareGpu"];
/** Options that the executor sets itself, or that would take a job from the supervisor's hands. */
const OWN_OPTIONS: Readonly<Record<string, string>> = {
  "--array": "one job of the config is one job in Slurm",
  "--chdir": 'write "cwd"',
  "--comment": "the supervisor finds its jobs by it",
  "--error": "the job's log is the supervisor's",
  "--export": 'write "env"',
  "--gres": 'write "executor.gres"',
  "--hold": "the supervisor releases its jobs",
  "--no-requeue": "a paused job waits in the queue",
  "--nodes": 'write "executor.nodes"',
  "--ntasks": 'write "executor.ntasksPerNode"',
  "--ntasks-per-node": 'write "executor.ntasksPerNode"',
  "--open-mode": "the job's log is the supervisor's",
  "--output": "the job's log is the supervisor's",
  "--partition": 'write "executor.partition"',
  "--signal": "the supervisor pauses a job ahead of its time limit",
  "--time": 'write "executor.timeMinutes"',
  "--wait": "the supervisor doesn't wait for sbatch",
  "--wrap": 'write "command"',
};
const SHORT: Readonly<Record<string, string>> = {
  a: "--array",
  D: "--chdir",
  e: "--error",
  H: "--hold",
  J: "--job-name",
  N: "--nodes",
  n: "--ntasks",
  o: "--output",
  p: "--partition",
  t: "--time",
  W: "--wait",
};

export function checkExecutor({ path, fields }: Entry): Finding[] {
  const { executor } = fields;
  if (typeof executor !== "object" || executor === null || Array.isArray(executor)) return [];
  const here = [...path, "executor"];
  const asked = executor as Fields;
  if (asked.kind !== "slurm") return asked.kind === "local" ? onlyInSlurm(here, asked) : [];
  return [
    ...noLocalGpus(path, fields),
    ...noHeldPause(path, fields),
    ...options([...here, "options"], asked),
  ];
}

const onlyInSlurm = (path: Path, asked: Fields): Finding[] =>
  Object.keys(asked)
    .filter((key) => key !== "kind")
    .map((key) => {
      const here = [...path, key];
      const message = `${formatPath(here)} has no meaning on this machine: it takes "kind": "slurm". Remove it.`;
      return { path: here, part: "key", message };
    });

const noLocalGpus = (path: Path, fields: Fields): Finding[] =>
  LOCAL_GPUS.filter((key) => Object.hasOwn(fields, key) && !(key === "gpus" && fields.gpus === 0)).map(
    (key) => {
      const here = [...path, key];
      const message = `${formatPath(here)} is about GPUs of this machine, and this job runs on a cluster. Write "executor.gres": "gpu:1".`;
      return { path: here, part: "key", message };
    },
  );

function noHeldPause(path: Path, { pause }: Fields): Finding[] {
  const method = (pause as Fields | undefined)?.method;
  if (method !== "freeze" && method !== "standby" && method !== "park") return [];
  const here = [...path, "pause", "method"];
  const message = `${formatPath(here)} must be "auto" or "checkpoint" for a job on a cluster, got ${show(method)}: a run that is only held would keep its nodes.`;
  return [{ path: here, message }];
}

function options(path: Path, { options: words }: Fields): Finding[] {
  if (!Array.isArray(words)) return [];
  return words.flatMap((word: unknown, i): Finding[] => {
    if (typeof word !== "string") return [];
    const here = [...path, i];
    if (!word.startsWith("-"))
      return [
        {
          path: here,
          message: `${formatPath(here)} must be one option in one word, as "--account=ml", got ${show(word)}.`,
        },
      ];
    const name = word.startsWith("--") ? (word.split("=")[0] ?? "") : (SHORT[word[1] ?? ""] ?? "");
    const instead = OWN_OPTIONS[name];
    if (instead === undefined) return [];
    return [{ path: here, message: `${formatPath(here)} must not be ${show(word)}: ${instead}.` }];
  });
}
