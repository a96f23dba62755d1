/**
 * Carries out a client's request: refuses names that aren't there or are taken, and what comes too late, and passes
 * the rest to the supervisor. Decides nothing about jobs.
 */
import { tilde } from "../config/project.ts";
import type { AnswerBody, Command } from "../control/serve.ts";
import { newJob } from "../decide/roster.ts";
import { orderProblem } from "../decide/starts/beginning.ts";
import type { Job } from "../model/job.ts";
import { isEnded } from "../model/state.ts";
import type { Now } from "../model/time.ts";
import { forgetEnvironment, keepEnvironment } from "../runs/launch/shell-environment.ts";
import type { Supervisor } from "../tick/supervisor.ts";
import { list } from "../words/list.ts";
import { nameTaken } from "../words/sentences/name-taken.ts";

export interface Answering {
  supervisor: Supervisor;
  now: () => Now;
  stateDirectory: string;
  /** Puts the config in force as it is now; resolves with why it isn't, or null. */
  readConfig(): Promise<string | null>;
  /** Starts to stop the supervisor; resolves when it is about to end, with a sentence that says what isn't recorded, or null. */
  stop(pauseJobs: boolean): Promise<string | null>;
  /** Called when an answer threw: a bug, which its client is told of, too. */
  onBug(bug: unknown): void;
}

/** `folder`: where the new job works. */
function takenText({ name, state, spec: { cwd } }: Job, folder: string | undefined): string {
  const elsewhere = cwd === undefined || cwd === folder ? null : tilde(cwd);
  return nameTaken({ name, state: state.name, ended: isEnded(state.name), elsewhere });
}

/** What is in the way of keeping the environment of a job's shell; null when it is kept, or none was sent. */
function keepEnviron(stateDirectory: string, name: string, environ: string | undefined): string | null {
  try {
    // An earlier job of that name may have left one.
    if (environ === undefined) forgetEnvironment(stateDirectory, name);
    else keepEnvironment(stateDirectory, name, Buffer.from(environ, "base64"));
    return null;
  } catch (problem) {
    return `This shell's environment can't be kept for '${name}': ${(problem as Error).message}`;
  }
}

/** By job: how often it was asked to pause or to end. */
type TimesAsked = Map<string, number>;

/** What answers each request. */
export const answers = (answering: Answering) => {
  const timesAsked: TimesAsked = new Map();
  return async (command: Command): Promise<AnswerBody> => {
    try {
      return await answer(command, answering, timesAsked);
    } catch (bug) {
      answering.onBug(bug);
      throw bug;
    }
  };
};

/** Whoever has edited the config just now means the job as it is written there. */
async function readFirst(
  command: Extract<Command, { verb: "resume" | "rerun" }>,
  { supervisor, readConfig }: Answering,
  timesAsked: TimesAsked,
): Promise<{ refused?: string; unread?: string }> {
  const before = new Map(timesAsked);
  const problem = await readConfig();
  const known = supervisor.world.jobs;
  const jobs = command.jobs === "all" ? Object.keys(known) : command.jobs;
  // The check of a config takes its time, and the later word counts.
  const overtaken = jobs.filter((name) => timesAsked.get(name) !== before.get(name));
  if (overtaken.length > 0)
    return { refused: `${list(overtaken)}: asked to pause or to end while the config was read.` };
  const concerns = jobs.some((name) => known[name]?.origin === "config");
  return problem !== null && concerns ? { unread: problem } : {};
}

async function answer(command: Command, answering: Answering, timesAsked: TimesAsked): Promise<AnswerBody> {
  const { supervisor, now, stateDirectory, stop, readConfig } = answering;
  const reads = command.verb === "resume" || command.verb === "rerun";
  const { refused, unread } = reads ? await readFirst(command, answering, timesAsked) : {};
  if (refused !== undefined) return { ok: false, code: "refused", error: refused };
  const known = supervisor.world.jobs;
  switch (command.verb) {
    case "stop": {
      const unrecorded = await stop(command.pauseJobs);
      return { ok: true, result: unrecorded === null ? {} : { unrecorded } };
    }
    case "read-config": {
      const problem = await readConfig();
      return problem === null ? { ok: true, result: {} } : { ok: false, code: "refused", error: problem };
    }
    case "add": {
      const { name } = command.spec;
      const taken = known[name];
      if (taken) return { ok: false, code: "refused", error: takenText(taken, command.spec.cwd) };
      if (supervisor.stopping) return { ok: false, code: "refused", error: "The supervisor is stopping." };
      const problem = orderProblem(command.spec, known);
      if (problem !== null) return { ok: false, code: "bad-request", error: problem };
      const earlier = command.adopt ? "adopt" : "set aside";
      const unkept = keepEnviron(stateDirectory, name, command.environ);
      if (unkept !== null) return { ok: false, code: "failed", error: unkept };
      supervisor.add({ ...newJob(command.spec, "run", now()), earlier });
      return { ok: true, result: { job: name } };
    }
    case "settings": {
      const job = known[command.job];
      if (!job) return { ok: false, code: "unknown-job", error: `There is no job '${command.job}'.` };
      return { ok: true, result: { spec: job.spec, origin: job.origin } };
    }
    case "edit": {
      const problem = supervisor.edit(command.spec, command.by);
      if (problem !== null) return { ok: false, code: "bad-request", error: problem.error };
      return { ok: true, result: { job: command.spec.name } };
    }
    case "turn": {
      const { verb: _, ...asked } = command;
      const result = supervisor.requestTurn(asked);
      if ("error" in result) return { ok: false, code: "refused", error: result.error };
      return { ok: true, result };
    }
    case "pause":
    case "resume":
    case "rerun":
    case "cancel":
    case "remove": {
      const jobs = command.jobs === "all" ? Object.keys(known) : command.jobs;
      const unknown = jobs.filter((name) => !known[name]);
      if (unknown.length > 0) {
        return { ok: false, code: "unknown-job", error: `There is no job '${unknown.join("', '")}'.` };
      }
      if (command.verb === "pause" || command.verb === "cancel")
        for (const name of jobs) timesAsked.set(name, (timesAsked.get(name) ?? 0) + 1);
      const { errors, ...told } =
        command.verb === "remove" ? supervisor.remove(command) : supervisor.request({ ...command, jobs });
      for (const name of jobs) if (!supervisor.world.jobs[name]) forgetEnvironment(stateDirectory, name);
      if (errors.length > 0) return { ok: false, code: "refused", error: errors.join(" ") };
      return { ok: true, result: { jobs, ...told, ...(unread !== undefined && { unread }) } };
    }
  }
}
