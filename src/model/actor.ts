/** Who or what asked for something. The text is what the database, the audit log and `--json` hold. */
export type Actor =
  | `rule:${string}`
  | `window:${string}`
  | "user"
  | "shutdown"
  | "recovery"
  | "peer"
  | "job"
  | "supervisor";

/** What an actor is, without its name. */
export type ActorKind = "rule" | "window" | Exclude<Actor, `${string}:${string}`>;

/** The only place that takes the text apart. */
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
  /** Key of the rule, when a rule asked. */
  rule?: string;
}
