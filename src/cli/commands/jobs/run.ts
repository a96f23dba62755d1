/**
 * `run [--] CMD…`: submits a command as a job, and starts a supervisor if none is running. Says what
 * will run and how it will make room.
 */
import { elapsedMs, wallMs } from "../../../clock.ts";
import { checkMeaning } from "../../../config/check/check-meaning.ts";
import { placementBy } from "../../../config/check/device-environment.ts";
import { explain } from "../../../config/check/explain.ts";
import { projectName, tilde } from "../../../config/project.ts";
import { type JobSpec, jobSchema } from "../../../config/schema/job-schema.ts";
import type { ControlClient } from "../../../control/client.ts";
import type { JobView } from "../../../control/protocol.ts";
import { sentence } from "../../../decide/rules/evidence.ts";
import { resolveCommand } from "../../../files/resolve-command.ts";
import { misuse } from "../../../refusal.ts";
import { list } from "../../../words/list.ts";
import { roomText, UNPROVEN } from "../../../words/room.ts";
import { whyBeside } from "../../../words/why.ts";
import { ask, askedBy, type Options, placesOf, sayWhich, snapshotOf, tryConnect } from "../../connect.ts";
import { follow } from "../../follow-jobs.ts";
import { nameJob } from "../../name-job.ts";
import { print } from "../../print.ts";
import { spawnSupervisor } from "../../spawn-supervisor.ts";

export interface RunOptions extends Options {
  name?: string;
  priority?: string;
  gpus?: string;
  gpu?: string[];
  env?: string[];
  pauseSignal?: string;
  adopt?: boolean;
}

/**
 * Variables that decide which program and which libraries are found. They are passed from this shell,
 * since the supervisor's may differ. No others are: the environment may hold secrets, and is stored.
 */
const PASSED_ON = [
  "PATH",
  "VIRTUAL_ENV",
  "CONDA_PREFIX",
  "CONDA_DEFAULT_ENV",
  "PYTHONPATH",
  "LD_LIBRARY_PATH",
  "CUDA_HOME",
  "OMP_NUM_THREADS",
];

/** How long a start is watched to learn how the job makes room. */
const LOOK_FOR_MS = 8000;
/** A library reports once it is imported, which a program may do late. */
const UNPROVEN_AFTER_MS = 3000;

export async function run(command: string[], options: RunOptions): Promise<number> {
  if (command.length === 0) throw misuse("Which command? supervisor run -- python train.py");
  const cwd = process.cwd();
  const program = resolveCommand({ command }, cwd);
  if (!program.ok) throw misuse(`It can't be run: ${program.reason}.`);
  const places = await placesOf(options);
  // Checked before a supervisor is started.
  specOf(options.name ?? "job", command, options);
  let client = await tryConnect(places, true);
  if (client === null) {
    client = await spawnSupervisor(places, { watch: true });
    print(`Started a supervisor for ${projectName(places.project)}: none was running.`);
  }
  sayWhich(places, options);
  try {
    const { jobs } = await snapshotOf(client);
    const spec = specOf(
      options.name ??
        nameJob(
          command,
          jobs.map(({ name }) => name),
        ),
      command,
      options,
    );
    await ask(client, { verb: "add", spec, by: askedBy(), ...(options.adopt && { adopt: true }) });
    const job = await beginning(client, spec.name);
    const gpus = (job?.gpus ?? []).length === 0 ? "" : `, GPU ${list(job?.gpus ?? [])}`;
    print(`Job '${spec.name}': ${command[0]} = ${tilde(program.path)} in ${tilde(cwd)}${gpus}`);
    return tellStart(spec, job);
  } finally {
    client.close();
  }
}

function specOf(name: string, command: string[], options: RunOptions): JobSpec {
  const gpu = options.gpu?.map((one) => (/^\d+$/.test(one) ? Number(one) : one));
  const shell = process.env.CUDA_VISIBLE_DEVICES;
  const written = {
    name,
    command,
    cwd: process.cwd(),
    env: environment(options.env ?? []),
    ...(options.priority !== undefined && { priority: Number(options.priority) }),
    ...(options.gpus !== undefined && { gpus: Number(options.gpus) }),
    ...(gpu !== undefined && { gpuIds: gpu }),
    // This shell's own limit, which the supervisor doesn't have.
    ...(gpu === undefined && options.gpus === undefined && shell !== undefined && placementBy(shell)),
    ...(options.pauseSignal !== undefined && { pause: { signal: options.pauseSignal } }),
  };
  const checked = jobSchema.safeParse(written);
  const root = { jobs: [written] };
  const issues = (checked.error?.issues ?? []).map((issue) => ({
    ...issue,
    path: ["jobs", 0, ...issue.path],
  }));
  const found = [...checkMeaning(root), ...issues.flatMap((issue) => explain(issue, root))];
  if (!checked.success || found.length > 0) {
    throw misuse(found.map(({ message }) => message.replace(/^jobs\[0\]\.?/, "")).join("\n"));
  }
  return checked.data;
}

/** From `NAME=value`, or `NAME` for this shell's own value. */
function environment(wanted: string[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of PASSED_ON) if (process.env[name] !== undefined) env[name] = process.env[name];
  for (const one of wanted) {
    const [name = "", ...value] = one.split("=");
    const text = value.length > 0 ? value.join("=") : process.env[name];
    if (name === "" || text === undefined)
      throw misuse(`--env must be NAME=value, or the NAME of a variable that is set, got '${one}'.`);
    env[name] = text;
  }
  return env;
}

/** The job once there is something to say about it, or after `LOOK_FOR_MS`. */
function beginning(client: ControlClient, name: string): Promise<JobView | null> {
  const until = elapsedMs() + LOOK_FOR_MS;
  let runningAtMs: number | null = null;
  return follow(client, (snapshot) => {
    const job = snapshot.jobs.find((one) => one.name === name);
    if (job === undefined) return elapsedMs() > until ? { job: null } : null;
    if (job.state === "running") runningAtMs ??= elapsedMs();
    const { room } = job.why;
    const waited = runningAtMs !== null && elapsedMs() - runningAtMs >= UNPROVEN_AFTER_MS;
    const known =
      runningAtMs !== null && (room !== undefined && UNPROVEN.includes(room) ? waited : room !== undefined);
    // A waiting job is reported late: most wait only a moment before they start.
    const told = known || !["waiting", "starting", "running"].includes(job.state);
    return told || elapsedMs() > until ? { job } : null;
  }).then(({ job }) => job);
}

function tellStart(spec: JobSpec, job: JobView | null): number {
  const watch = `Watch: supervisor start   Log: supervisor logs -f ${spec.name}`;
  if (job === null) throw misuse(`The supervisor doesn't show '${spec.name}'.`);
  const reason = whyBeside(job.why, wallMs());
  if (job.state === "failed") {
    print(`It failed: ${reason}\nLog: supervisor logs ${spec.name}`);
    return 1;
  }
  if (job.state === "running" || job.state === "starting") print(`${howItMakesRoom(job)}\nStarted. ${watch}`);
  else if (job.state === "finished") print(`Finished. Log: supervisor logs ${spec.name}`);
  else print(`It is ${job.state}${reason === "" ? "." : `: ${reason}`}\n${watch}`);
  return 0;
}

function howItMakesRoom({ why, gpus }: JobView): string {
  if (why.room === undefined)
    return "How it makes room isn't known until it has run a little: supervisor status";
  const text = `${sentence(roomText(why.room))}.`;
  if (why.room !== "unproven") return text;
  const held = gpus.length > 0 ? "memory, VRAM too," : "memory";
  return [
    text,
    `To free its ${held} as well: one line in its loop (supervisor help python), or --pause-signal SIGTERM if it saves on SIGTERM itself.`,
  ].join("\n");
}
