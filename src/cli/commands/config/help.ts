/** `help [COMMAND | TOPIC]`: topics that don't fit into one command's own help. */
import { closest } from "../../../config/check/suggest.ts";
import { misuse } from "../../../refusal.ts";
import { print } from "../../print.ts";

export const TOPICS: Record<string, string> = {
  config: `Config: JSON with comments. The first of these is used:
  --config FILE
  ./supervisor.config.json
  ~/.config/gpu-job-supervisor/supervisor.config.json
  built-in defaults, without jobs

  supervisor init     write a commented one
  supervisor check    all problems at once, with line, column and fix

Edits take effect while the supervisor runs; one with problems leaves the previous config in force.
All fields, defaults and metrics: docs/configuration.md`,

  pause: `A job is paused in one of five ways:
  checkpoint   it saves, exits 75, and later resumes from there: frees everything
  standby      it stops working and keeps its memory: continues at once (inference, playback)
  freeze       it is suspended in place: frees CPU and GPU time, but no memory
  park         frozen, with its VRAM moved into host memory; where "pause": { "method": "park" } says so,
               or VRAM is needed and supervisor doctor --try-park has seen it work
  http         its server is asked over HTTP to release its memory, and stays: docs/servers.md

A job is paused by checkpoint where something shows that it saves:
  a job library in its loop     one line: supervisor help python, supervisor help typescript
  it saves on a signal          "pause": { "signal": "SIGTERM", "exitCodes": [143] }
  it saves when it likes        "checkpoint": { "glob": "out/checkpoint-*" }: ended after its next one
Any other is frozen, and gets no signal. 'paused' means: checkpoint verified, no process left.

A job that doesn't save when asked keeps running; nothing is forced unless you say so:
  supervisor pause JOB --freeze      frees its CPU and GPU time now, keeps its memory
  supervisor pause JOB --terminate   ends it (SIGTERM, after 30 s SIGKILL) and keeps it paused; says
                                     first what that loses; a resume continues from its last checkpoint

The contract, and how to try it with kill: docs/pause-contract.md`,

  python: `A training script in Python, with one line in its loop (supervisor python prints how to install it):
  from supervisor_job import job                     # before torch
  job.step(step, loss=loss, save=save)               # progress, periodic checkpoint, and the pause
    def save(files): files.file("weights.bin", weights)
    job.resume() returns the checkpoint to continue from, or None. PyTorch, exactly the same weights, several
    ranks: docs/python-jobs.md

Without that line:
  already saves on a signal?  no change; name the signal:
    "pause": { "signal": "SIGTERM", "exitCodes": [143] },
    "checkpoint": { "glob": "out/checkpoint-*" },
    "resumeArgs": ["--resume_from_checkpoint", "{checkpoint}"]
  otherwise: on SIGUSR2 finish the step, save into $SUPERVISOR_CHECKPOINT_DIR/step-00001234/, and exit 75;
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

/** Prints a topic; false where there is none of this name. */
export function helpOnTopic(topic: string): boolean {
  const text = Object.hasOwn(TOPICS, topic) ? TOPICS[topic] : undefined;
  if (text !== undefined) print(text);
  return text !== undefined;
}

/** Throws a Refusal that guesses what was meant. */
export function noSuchHelp(topic: string, commands: readonly string[]): never {
  const guess = closest(topic, [...TOPIC_NAMES, ...commands]);
  const hint = guess === null ? `Topics: ${TOPIC_NAMES.join(", ")}.` : `Did you mean '${guess}'?`;
  throw misuse(`There is no help on '${topic}'. ${hint}`);
}
