/** `help [COMMAND | TOPIC]`: what doesn't fit into one command's own help. */
import { closest } from "../../config/check/suggest.ts";
import { misuse } from "../../refusal.ts";
import { print } from "../print.ts";

const TOPICS: Record<string, string> = {
  config: `Config: JSON with comments. The first of these is used:
  --config FILE
  ./supervisor.config.json
  ~/.config/gpu-job-supervisor/supervisor.config.json
  built-in defaults, without jobs

  supervisor init     write a commented one
  supervisor check    all problems at once, with line, column and fix

An edit counts while the supervisor runs; one with problems leaves the previous config in force.
All fields, defaults and metrics: docs/configuration.md`,

  pause: `How a job is paused: three ways.
  checkpoint   it saves, exits 75, and is resumed from there later: frees everything
  standby      it stops producing and keeps its memory: goes on at once (inference, playback)
  freeze       it is stopped where it stands: frees CPU and GPU time, no memory

A job that keeps the pause contract, or catches the pause signal (SIGUSR2), is paused by checkpoint;
any other is frozen. 'paused' means: checkpoint verified, no process left.

One that doesn't save when it is asked to goes on; nothing is forced unless you say so:
  supervisor pause JOB --freeze      frees its CPU and GPU time now, keeps its memory
  supervisor pause JOB --terminate   ends it (SIGTERM, after 30 s SIGKILL) and keeps it paused: tells
                                     first what that loses; a resume goes on from the last checkpoint

The contract, and how to try it by hand with kill: docs/pause-contract.md`,

  python: `A training script in Python, with one line in its loop (pip install ./python):
  from supervisor_job import job                     # before torch
  job.step(step, loss=loss, save=save)               # progress, periodic checkpoint, and the pause
    def save(files): files.file("weights.bin", weights)
    job.resume() gives the checkpoint to go on from, or None. PyTorch, exactly the same weights, several
    ranks: docs/python-jobs.md

Without that line:
  saves on a signal by itself?  no change, but tell which:
    "pause": { "signal": "SIGTERM", "exitCodes": [143] },
    "checkpoint": { "glob": "out/checkpoint-*" },
    "resumeArgs": ["--resume_from_checkpoint", "{checkpoint}"]
  else: on SIGUSR2 finish the step, save into $SUPERVISOR_CHECKPOINT_DIR/step-00001234/, and exit 75;
    at the start load from $SUPERVISOR_RESUME_FROM unless that is empty.
The whole contract: docs/pause-contract.md`,

  typescript: `A training loop in TypeScript:
  import { job } from "gpu-job-supervisor/job";
  for (let step = ...; ; step++) {
    ...
    await job.step(step, { loss, save });   // progress, periodic checkpoint, and the pause
  }
Without a supervisor these calls do nothing. More: docs/typescript-jobs.md`,

  "exit-codes": `Exit codes:
  0   done
  1   failed
  2   bad usage, or a config with problems
  3   no supervisor is running`,
};

export const TOPIC_NAMES = Object.keys(TOPICS);

/** Prints a topic; a name that is none fails with the nearest topic or command. */
export function help(topic: string, commands: readonly string[]): void {
  const text = Object.hasOwn(TOPICS, topic) ? TOPICS[topic] : undefined;
  if (text !== undefined) {
    print(text);
    return;
  }
  const guess = closest(topic, [...TOPIC_NAMES, ...commands]);
  const hint = guess === null ? `Topics: ${TOPIC_NAMES.join(", ")}.` : `Did you mean '${guess}'?`;
  throw misuse(`There is no help on '${topic}'. ${hint}`);
}
