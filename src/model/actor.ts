/** Who or what asked for something. The database, the audit log and `--json` hold this text. */
export type Actor =
  | `rule:${string}`
  | `window:${string}`
  | "user"
  | "shutdown"
  | "recovery"
  | "peer"
  | "job"
  | "supervisor";

/** An actor's kind, without its name. */
export type ActorKind = "rule" | "window" | Exclude<Actor, `${string}:${string}`>;

/** The only place that parses the text. */
export function actorKind(actor: Actor): ActorKind {
  if (actor.startsWith("rule:")) return "rule";
  if (actor.startsWith("window:")) return "window";
  return actor as ActorKind;
}

/** Why a job was paused: `reason` is one whole sentence. */
export interface Cause {
  actor: Actor;
  reason: string;
  critical: boolean;
  /** The job has ended with this pause: its time limit is reached. */
  ends?: true;
  /** The rule's key, when a rule asked. */
  rule?: string;
}
