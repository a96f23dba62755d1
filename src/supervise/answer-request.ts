/** Carries out a client's request: checks names and passes the rest to the supervisor. Decides nothing. */
import type { AnswerBody, Command } from "../control/serve.ts";
import { newJob } from "../decide/roster.ts";
import { orderProblem } from "../decide/starts/beginning.ts";
import type { Job } from "../model/job.ts";
import type { Now } from "../model/time.ts";
import { forgetEnvironment, keepEnvironment } from "../runs/launch/shell-environment.ts";
import type { Supervisor } from "../tick/supervisor.ts";

export interface Answering {
  supervisor: Supervisor;
  now: () => Now;
  stateDirectory: string;
  /** Starts to stop the supervisor; resolves when it is about to end. */
  stop(pauseJobs: boolean): Promise<void>;
  /** Called when an answer threw: a bug, which its client is told of, too. */
  onBug(bug: unknown): void;
}

/** A new job needs a new name; a failed or cancelled one can be resumed under its own. */
function nameTaken({ name, state }: Job): string {
  const again = state.name === "failed" || state.name === "cancelled";
  const instead = again ? `run that again (supervisor resume ${name}), or give` : "give";
  return `There is already a job '${name}'; it is ${state.name}. To run another, ${instead} this one another --name.`;
}

/** What is in the way of keeping the environment of a job's shell; null when it is kept, or none was sent. */
function keepEnviron(stateDirectory: string, name: string, environ: string | undefined): string | null {
  if (environ === undefined) return null;
  try {
    keepEnvironment(stateDirectory, name, Buffer.from(environ, "base64"));
    return null;
  } catch (problem) {
    return `This shell's environment can't be kept for '${name}': ${(problem as Error).message}`;
  }
}

/** What answers each request. */
export const answers =
  (answering: Answering) =>
  async (command: Command): Promise<AnswerBody> => {
    try {
      return await answer(command, answering);
    } catch (bug) {
      answering.onBug(bug);
      throw bug;
    }
  };

async function answer(
  command: Command,
  { supervisor, now, stateDirectory, stop }: Answering,
): Promise<AnswerBody> {
  const known = supervisor.world.jobs;
  switch (command.verb) {
    case "stop":
      await stop(command.pauseJobs);
      return { ok: true, result: {} };
    case "add": {
      const { name } = command.spec;
      const taken = known[name];
      if (taken) return { ok: false, code: "refused", error: nameTaken(taken) };
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
      const refused = supervisor.edit(command.spec, command.by);
      if (refused !== null) return { ok: false, code: "bad-request", error: refused.error };
      return { ok: true, result: { job: command.spec.name } };
    }
    case "turn": {
      const { verb: _, ...asked } = command;
      const result = supervisor.requestTurn(asked);
      if ("error" in result) return { ok: false, code: "refused", error: result.error };
      return { ok: true, result };
    }
    default: {
      const jobs = command.jobs === "all" ? Object.keys(known) : command.jobs;
      const unknown = jobs.filter((name) => !known[name]);
      if (unknown.length > 0) {
        return { ok: false, code: "unknown-job", error: `There is no job '${unknown.join("', '")}'.` };
      }
      const { errors } =
        command.verb === "remove" ? supervisor.remove(command) : supervisor.request({ ...command, jobs });
      for (const name of jobs) if (!supervisor.world.jobs[name]) forgetEnvironment(stateDirectory, name);
      if (errors.length > 0) return { ok: false, code: "refused", error: errors.join(" ") };
      return { ok: true, result: { jobs } };
    }
  }
}
