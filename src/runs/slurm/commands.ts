/**
 * Slurm's own commands, each in a child with a time-out: a controller that is down blocks one for a quarter of a
 * minute, and one of a broken set-up for ever. Never called inside a tick.
 */
import { type Ended, lastWords, runChild } from "../../spawn/run-child.ts";

const TIMEOUT_MS = 20_000;

export type Answer =
  | { ok: true; stdout: string }
  /** `silent`: nothing was decided, since the command or the controller isn't there now. */
  | { ok: false; reason: string; silent: boolean };

const SILENT =
  /unable to contact slurm controller|socket timed out|connection refused|connect failure|in standby mode|munge|protocol authentication|unable to establish/i;

export type SlurmProgram = "sbatch" | "squeue" | "scontrol" | "scancel" | "sinfo";

/** Never rejects. */
export const ask = async (program: SlurmProgram, args: readonly string[]): Promise<Answer> =>
  answerOf(
    program,
    await runChild(program, args, { timeoutMs: TIMEOUT_MS, killSignal: "SIGKILL", unref: true }),
  );

/**
 * Signals a job's steps. For a job between two states scancel tries again for minutes, and would hit the run after
 * this one; `timeout` ends it before its second try, though we are gone by then.
 */
export const signal = async (id: number, name: string): Promise<Answer> =>
  answerOf(
    "scancel",
    await runChild("timeout", ["--signal=KILL", "4", "scancel", `--signal=${name}`, `${id}`], {
      timeoutMs: TIMEOUT_MS,
      unref: true,
    }),
  );

function answerOf(program: string, ended: Ended): Answer {
  if (ended.ok) return ended;
  if (ended.why === "missing") return { ok: false, silent: true, reason: `${program} isn't installed here` };
  if (ended.why !== "failed")
    return { ok: false, silent: true, reason: `${program} gave no answer: ${ended.reason}` };
  const words = lastWords(ended.stderr).replace(/^\w+: (error: )?/, "") || ended.reason;
  return { ok: false, silent: SILENT.test(ended.stderr), reason: `${program}: ${words}` };
}
