/** One job as `squeue --json` shows it, in the shapes of Slurm 22.05 and of later versions. Reads nothing by itself. */

/** Marks a job as one of a supervisor's; its submission's token follows. */
const MARK = "gpu-job-supervisor ";
export const commentOf = (token: string): string => `${MARK}${token}`;

export interface QueueEntry {
  id: number;
  /** Names the submission, from its comment. */
  token: string;
  uid: number;
  /** "PENDING", "RUNNING", … */
  state: string;
  /** Doesn't begin before it is released. */
  held: boolean;
  /** Why it hasn't begun. */
  reason: string | null;
  nodes: string;
  /** Slurm began it again so many times. */
  restarts: number;
  /** Null unless it has ended by itself. */
  exitCode: number | null;
  preempted: boolean;
  /** Wall time at which its time limit ends it; null without one, or while it isn't running. */
  endsAtMs: number | null;
}

type Fields = Record<string, unknown>;

/**
 * The entries of supervised jobs. Without a controller `squeue --json` ends with exit code 0, no job and an error in
 * its answer. @throws Error for that, and for anything but an answer of it.
 */
export function parseQueue(text: string): QueueEntry[] {
  const { jobs, errors } = JSON.parse(text) as { jobs: Fields[]; errors?: Fields[] };
  const [failed] = errors ?? [];
  if (failed !== undefined)
    throw new Error(textOf(failed.error) || textOf(failed.description) || "it names an error");
  if (!Array.isArray(jobs)) throw new Error("no jobs in it");
  return jobs.flatMap((fields) => entryOf(fields) ?? []);
}

function entryOf(fields: Fields): QueueEntry | null {
  const comment = textOf(fields.comment);
  const id = numberOf(fields.job_id);
  if (!comment.startsWith(MARK) || id === null) return null;
  const [state = "", ...flags] = [fields.job_state].flat().map(String);
  const reason = textOf(fields.state_reason);
  const ended = numberOf(fields.end_time);
  const running = state === "RUNNING" && !flags.includes("COMPLETING");
  return {
    id,
    token: comment.slice(MARK.length),
    uid: numberOf(fields.user_id) ?? -1,
    // A flag that says more than the state that it goes with.
    state: flags.find((flag) => flag === "COMPLETING" || flag === "SPECIAL_EXIT") ?? state,
    held:
      state === "SPECIAL_EXIT" || flags.includes("SPECIAL_EXIT") || (state === "PENDING" && isHeld(fields)),
    reason: reason === "" || reason === "None" ? null : reason,
    nodes: textOf(fields.nodes),
    restarts: numberOf(fields.restart_cnt) ?? 0,
    exitCode: exitCodeOf(fields.exit_code),
    preempted: (numberOf(fields.preempt_time) ?? 0) > 0,
    endsAtMs: running && hasLimit(fields.time_limit) && ended !== null ? ended * 1000 : null,
  };
}

const isHeld = (fields: Fields): boolean => fields.hold === true || numberOf(fields.priority) === 0;

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** A number, or the object that later versions put around it; null where it isn't set. */
function numberOf(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (typeof value !== "object" || value === null) return null;
  const { set, infinite, number } = value as Fields;
  return set === false || infinite === true || typeof number !== "number" ? null : number;
}

/** Null where its time isn't limited. */
const hasLimit = (limit: unknown): boolean => numberOf(limit) !== null;

/** Of a wait status; null for an end by a signal. */
function exitCodeOf(value: unknown): number | null {
  if (typeof value === "number") return (value & 0x7f) === 0 ? (value >> 8) & 0xff : null;
  return numberOf((value as { return_code?: unknown } | null)?.return_code);
}
