/** Carries out a client's request: checks names and passes the rest to the supervisor. Decides nothing. */
import type { AnswerBody, Command } from "../control/serve.ts";
import { newJob } from "../decide/roster.ts";
import { orderProblem } from "../decide/starts/beginning.ts";
import type { Job } from "../model/job.ts";
import type { Now } from "../model/time.ts";
import type { Supervisor } from "../tick/supervisor.ts";

export interface Answering {
  supervisor: Supervisor;
  now: () => Now;
  /** Puts the config in force as it is now; resolves with why it isn't, or null. */
  readConfig(): Promise<string | null>;
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

async function answer(command: Command, answering: Answering): Promise<AnswerBody> {
  const { supervisor, now, stop, readConfig } = answering;
  // Whoever has edited the config just now means the job as it is written there.
  if (command.verb === "resume" || command.verb === "rerun") await readConfig();
  const known = supervisor.world.jobs;
  switch (command.verb) {
    case "stop":
      await stop(command.pauseJobs);
      return { ok: true, result: {} };
    case "read-config": {
      const problem = await readConfig();
      return problem === null ? { ok: true, result: {} } : { ok: false, code: "refused", error: problem };
    }
    case "add": {
      const { name } = command.spec;
      const taken = known[name];
      if (taken) return { ok: false, code: "refused", error: nameTaken(taken) };
      if (supervisor.stopping) return { ok: false, code: "refused", error: "The supervisor is stopping." };
      const problem = orderProblem(command.spec, known);
      if (problem !== null) return { ok: false, code: "bad-request", error: problem };
      const earlier = command.adopt ? "adopt" : "set aside";
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
      if (errors.length > 0) return { ok: false, code: "refused", error: errors.join(" ") };
      return { ok: true, result: { jobs } };
    }
  }
}
