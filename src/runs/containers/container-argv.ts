/**
 * The command that starts a run in a container: the engine's client with what the contract needs added. Nothing secret
 * is in its words: the client takes the values of variables from its own environment.
 */
import type { JobSpec } from "../../config/schema/job-schema.ts";
import { type ContainerCommand, hasOption } from "../../files/container-command.ts";
import { checkpointDirectory, containerIdRecord, statusDirectory } from "../../files/state-paths.ts";
import type { Run } from "../../model/run.ts";

/** Names the run that a container belongs to. */
const RUN_LABEL = "gpu-job-supervisor.run";
const JOB_LABEL = "gpu-job-supervisor.job";

/** `env`: the client's, as it will be. `asked.program` must be a path. */
export function containerArgv(
  asked: ContainerCommand,
  spec: JobSpec,
  run: Run,
  env: Readonly<Record<string, string>>,
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
    ...variablesFor(spec, run, env, gpus.length > 0).map((name) => `--env=${name}`),
    ...gpus,
  ];
  // It is removed once its end is known.
  const kept = options.filter((word) => word !== "--rm" && word !== "--rm=true");
  return [program, ...before, "run", ...own, ...kept, ...rest];
}

/** Names of what the job's environment has beside the supervisor's own. */
function variablesFor(
  spec: JobSpec,
  { devices = {} }: Run,
  env: Readonly<Record<string, string>>,
  renumbered: boolean,
): string[] {
  const isOwn = (name: string): boolean =>
    Object.hasOwn(spec.env, name) || Object.hasOwn(devices, name) || env[name] !== process.env[name];
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
