/**
 * The command that starts a run in a container: the engine's client with what the contract needs added. Nothing secret
 * is in its words: the client takes the values of variables from its own environment.
 */
import type { JobSpec } from "../../config/schema/job-schema.ts";
import { type ContainerCommand, hasOption } from "../../files/container-command.ts";
import { checkpointDirectory, containerIdRecord, statusDirectory } from "../../files/state-paths.ts";
import type { Run } from "../../model/run.ts";
import type { JobVariables } from "../launch/job-environment.ts";

/** Names the run that a container belongs to. */
const RUN_LABEL = "gpu-job-supervisor.run";
const JOB_LABEL = "gpu-job-supervisor.job";

/**
 * Where programs and libraries are outside, which `run` makes part of each job: as they are there they mean nothing
 * inside, and a PATH would hide the image's own programs.
 */
const OF_OUTSIDE = [
  "PATH",
  "LD_LIBRARY_PATH",
  "PYTHONPATH",
  "VIRTUAL_ENV",
  "CONDA_PREFIX",
  "CONDA_DEFAULT_ENV",
  "CUDA_HOME",
];

/** `env`: the client's, as it will be, and what of it the job has `inherited`. `asked.program` must be a path. */
export function containerArgv(
  asked: ContainerCommand,
  spec: JobSpec,
  run: Run,
  { env, inherited }: Pick<JobVariables, "env" | "inherited">,
  stateDirectory: string,
): string[] {
  const { program, before, options, rest } = asked;
  const gpus = gpuOptions(asked, run);
  const directories = [
    statusDirectory(stateDirectory, run.id),
    checkpointDirectory(stateDirectory, spec.name),
  ];
  const own = [
    `--cidfile=${containerIdRecord(stateDirectory, run.id)}`,
    `--label=${RUN_LABEL}=${run.id}`,
    `--label=${JOB_LABEL}=${spec.name}`,
    // The supervisor signals the program itself.
    "--sig-proxy=false",
    ...(hasOption(options, "--name") ? [] : [`--name=${spec.name}-${run.id.slice(0, 8)}`]),
    ...directories.map((path) => `--volume=${path}:${path}`),
    ...variablesFor(spec, run, { env, inherited }, gpus.length > 0).map((name) => `--env=${name}`),
    ...gpus,
  ];
  // It is removed once its end is known.
  const kept = options.filter((word) => word !== "--rm" && word !== "--rm=true");
  return [program, ...before, "run", ...own, ...kept, ...rest];
}

/** Names of what the job's environment has beside what it has inherited. */
function variablesFor(
  spec: JobSpec,
  { devices = {} }: Run,
  { env, inherited }: Pick<JobVariables, "env" | "inherited">,
  renumbered: boolean,
): string[] {
  const isOwn = (name: string): boolean =>
    Object.hasOwn(devices, name) ||
    env[name] !== inherited[name] ||
    (Object.hasOwn(spec.env, name) && !OF_OUTSIDE.includes(name));
  // Inside, the GPUs that it is given are counted from 0.
  const misleads = (name: string): boolean =>
    renumbered && Object.hasOwn(devices, name) && /^\d/.test(env[name] ?? "");
  return Object.keys(env).filter((name) => isOwn(name) && !misleads(name));
}

/** NVIDIA's GPUs by UUID, unless the job's own options say which it gets. */
function gpuOptions({ engine, options }: ContainerCommand, { gpus }: Run): string[] {
  const uuids = gpus.filter((uuid) => /^(GPU|MIG)-/.test(uuid));
  const given = hasOption(options, "--gpus") || options.some((word) => word.includes("nvidia.com/gpu"));
  if (uuids.length === 0 || given) return [];
  if (engine === "podman") return uuids.map((uuid) => `--device=nvidia.com/gpu=${uuid}`);
  // Docker reads the value as CSV: its quotes keep the comma.
  return [`--gpus="device=${uuids.join(",")}"`];
}
