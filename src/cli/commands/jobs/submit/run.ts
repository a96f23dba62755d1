/**
 * `run [--] CMD…`: submits a command as a job, and starts a supervisor if none is running. Says what
 * will run and how it will make room.
 */
import { existsSync, statSync } from "node:fs";
import { elapsedMs, wallMs } from "../../../../clock.ts";
import { projectName, tilde } from "../../../../config/project.ts";
import type { ControlClient } from "../../../../control/client.ts";
import { ask } from "../../../../control/client.ts";
import type { JobView } from "../../../../control/protocol.ts";
import { sentence } from "../../../../decide/rules/evidence.ts";
import { leadersOf } from "../../../../decide/starts/beginning.ts";
import { logPath } from "../../../../files/state-paths.ts";
import { isEnded } from "../../../../model/state.ts";
import type { WaitingFor } from "../../../../model/why.ts";
import { misuse, Refusal } from "../../../../refusal.ts";
import { neutral } from "../../../../show/neutral.ts";
import { ownEnviron } from "../../../../spawn/exact-environment.ts";
import { list } from "../../../../words/list.ts";
import { roomText, UNPROVEN } from "../../../../words/sentences/room.ts";
import { whyBeside } from "../../../../words/sentences/why/why.ts";
import { bytes } from "../../../../words/size.ts";
import { follow, followJobs } from "../../../follow-jobs.ts";
import { logTail } from "../../../logs/read-log-tail.ts";
import { nameJob } from "../../../name-for-command.ts";
import { jobsNamed } from "../../../named-jobs.ts";
import { print, printJson, say } from "../../../print.ts";
import { askedBy, placesOf, sayWhich, snapshotOf, tryConnect } from "../../../supervisors/connect.ts";
import { spawnSupervisor } from "../../../supervisors/spawn-supervisor.ts";
import { ended } from "../wait.ts";
import { expandedGlob } from "./expanded-glob.ts";
import { earlierLog, followNewJob } from "./follow-new-job.ts";
import { environment, folderOf, jobFrom, type RunOptions } from "./job-from-options.ts";
import { typedCommand } from "./typed-command.ts";

/** How long a start is watched to learn how the job makes room. */
const LOOK_FOR_MS = 8000;
/** A library reports once it is imported, which a program may do late. */
const UNPROVEN_AFTER_MS = 3000;
/** What a job doesn't wait out in a moment. */
const LASTING: WaitingFor["code"][] = ["after", "not-before", "window"];
/** Of the log of a run that failed at once. */
const SHOWN_LINES = 12;
const SHOWN_BYTES = 16 * 1024;
/** Of bytes; by the usual limits Linux starts no program with more. */
const MOST_ENVIRON = 2 * 1_048_576;
/** Those that no other program is likely to have. */
const OWN_FLAGS = [
  "--pause-signal",
  "--pause-method",
  "--checkpoint-glob",
  "--on-timeout",
  "--resume-args",
  "--gpu-memory",
  "--adopt",
];

/** Not one that can't be looked at, either. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

export async function run(words: string[], options: RunOptions): Promise<number> {
  const cwd = folderOf(options);
  if (options.cwd !== undefined && !isFolder(cwd))
    throw misuse(`--cwd must be a folder, got '${options.cwd}'.`);
  if (options.follow && options.json) throw misuse("Give --follow or --json, not both.");
  const passed = environment(options.env ?? []);
  const oneFile = expandedGlob(options.checkpointGlob, words, cwd);
  const { command, env: front, path } = typedCommand(words, cwd, passed);
  const env = { ...passed, ...front };
  tellOptionsBehind(command);
  if (oneFile !== null) say(oneFile);
  const tell = options.json ? say : print;
  const places = await placesOf(options);
  // Checked before a supervisor is started.
  jobFrom(options.name ?? "job", command, env, options);
  let client = await tryConnect(places, true);
  if (client === null) {
    client = await spawnSupervisor(places, { watch: true });
    tell(`Started a supervisor for ${projectName(places.project)}: none was running.`);
  }
  sayWhich(places, options);
  try {
    const { jobs } = await snapshotOf(client);
    const taken = jobs.map(({ name }) => name);
    const spec = jobFrom(options.name ?? nameJob(command, taken), command, env, options);
    jobsNamed(leadersOf(spec), jobs);
    const log = logPath(places.stateDirectory, spec.name);
    const earlier = options.follow ? earlierLog(log) : null;
    const environ = environOfShell();
    await ask(client, { verb: "add", spec, environ, by: askedBy(), ...(options.adopt && { adopt: true }) });
    if (earlier !== null) {
      say(`Job '${spec.name}': ${program(command, path)} in ${tilde(cwd)}. Ctrl-C leaves it running.`);
      return await followNewJob(client, spec.name, log, earlier);
    }
    const job = await beginning(client, spec.name);
    if (job === null) throw misuse(`The supervisor doesn't show '${spec.name}'.`);
    if (options.json) printJson({ job: asStarted(job, path, cwd) });
    else {
      const gpus = job.gpus.length === 0 ? "" : `, GPU ${list(job.gpus)}`;
      print(`Job '${spec.name}': ${program(command, path)} in ${tilde(cwd)}${gpus}`);
      tellStart(job);
    }
    return options.wait ? await waitForEnd(client, job) : codeSoFar(job);
  } finally {
    client.close();
  }
}

/** @throws Refusal where no job could be started with it */
function environOfShell(): string {
  const environ = ownEnviron();
  if (environ.length > MOST_ENVIRON)
    throw new Refusal(
      `This shell's environment takes ${bytes(environ.length)}; a job can be started with ${bytes(MOST_ENVIRON)} at most.`,
    );
  return environ.toString("base64");
}

/** As typed, and what that is, unless that says it already. */
const program = ([typed = ""]: string[], path: string): string =>
  typed === path ? tilde(path) : `${typed} = ${tilde(path)}`;

/** What stands behind the command is the command's: an option meant for `run` would be missed. */
function tellOptionsBehind(command: string[]): void {
  if (process.argv.includes("--")) return;
  const ours = command.filter((word) => OWN_FLAGS.includes(word.split("=")[0] ?? ""));
  if (ours.length > 0)
    say(
      `${list(ours)} comes after the command, so the command gets it. Put options of 'run' before the command.`,
    );
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
    // Any other waiting job is reported late: most wait only a moment before they start.
    const lasting = job.why.waitingFor.some(({ code }) => LASTING.includes(code));
    const told =
      lasting || known || hasFailed(job) || !["waiting", "starting", "running"].includes(job.state);
    return told || elapsedMs() > until ? { job } : null;
  }).then(({ job }) => job);
}

/** `id`: of its run, as its environment has it; null until it has one. */
function asStarted(job: JobView, path: string, cwd: string): object {
  const { name, state, run, runId: id, command, gpus, logPath, exitCode } = job;
  return { name, id, run, state, exitCode, command, path, cwd, gpus, logPath, why: job.why.summary };
}

function tellStart(job: JobView): void {
  const { name, state } = job;
  const watch = `Watch: supervisor start   Log: supervisor logs -f ${name}`;
  const reason = whyBeside(job.why, wallMs());
  if (hasFailed(job))
    print(`${state === "failed" ? "It failed" : "Its first run failed"}: ${reason}\n${tailOf(job)}`);
  else if (state === "running" || state === "starting") print(`${howItMakesRoom(job)}\nStarted. ${watch}`);
  else if (state === "finished") print(`Finished. Log: supervisor logs ${name}`);
  else print(`It is ${state}${reason === "" ? "." : `: ${reason}`}\n${watch}`);
}

/** For good, or until it is tried again. */
const hasFailed = ({ state, why }: JobView): boolean =>
  state === "failed" || (state === "waiting" && why.failure !== undefined);

/** Bad usage where its command, or what that names, isn't there. */
function codeSoFar(job: JobView): number {
  if (job.exitCode === 126 || job.exitCode === 127) return 2;
  return hasFailed(job) ? 1 : 0;
}

/** The end of its log, and where the rest is. */
function tailOf({ name, logPath }: JobView): string {
  const log = `Log: supervisor logs ${name}`;
  if (logPath === null || !existsSync(logPath)) return log;
  const lines = logTail(logPath, SHOWN_BYTES).text.trimEnd().split("\n");
  return `${lines
    .slice(-SHOWN_LINES)
    .map((line) => `  ${neutral(line)}`)
    .join("\n")}\n${log}`;
}

/** With the job's own exit code. */
async function waitForEnd(client: ControlClient, job: JobView): Promise<number> {
  if (isEnded(job.state)) return job.exitCode ?? 1;
  let code = 1;
  await followJobs(
    client,
    [job.name],
    (one) => {
      if (isEnded(one.state)) code = one.exitCode ?? 1;
      return ended(one);
    },
    (name, { text }) => say(`${name}  ${text}`),
  );
  return code;
}

function howItMakesRoom({ why, gpus }: JobView): string {
  if (why.room === undefined)
    return "How it makes room isn't known until it has run a little: supervisor status";
  const text = `${sentence(roomText(why.room))}.`;
  if (why.room !== "unproven") return text;
  const held = gpus.length > 0 ? "memory, VRAM too," : "memory";
  return [
    text,
    `To free its ${held} as well: one line in its loop (supervisor help python), or --pause-signal SIGTERM and --checkpoint-glob if it saves on SIGTERM itself.`,
  ].join("\n");
}
