/** What has happened, over all jobs. Pure. */
import type { Snapshot } from "../../control/protocol.ts";
import { type Actor, actorKind } from "../../model/actor.ts";
import type { EventCounts } from "../event-counts.ts";
import type { Family, Histogram } from "../exposition.ts";
import { counter, MIB } from "./readings.ts";

/** Rules and windows that may pause a job now: their counters begin at 0, so that the first pause is seen to come. */
export function actorsOf({ rules, windows }: Pick<Snapshot, "rules" | "windows">): Actor[] {
  const pausing = rules.filter(({ rule }) => rule.action !== "notify");
  const named = new Set<Actor>([
    ...pausing.map(({ rule }): Actor => `rule:${rule.name}`),
    ...windows.map(({ name }): Actor => `window:${name}`),
    "user",
    "shutdown",
    "peer",
    "job",
  ]);
  return [...named];
}

export function ofEvents(snapshot: Snapshot, counts: EventCounts): (Family | Histogram)[] {
  const actors = new Set([...actorsOf(snapshot), ...counts.pausesBy.keys()]);
  return [
    counter(
      "events",
      "Rows of the audit log, by kind.",
      [...counts.kinds].map(([kind, value]) => ({ labels: { kind }, value })),
    ),
    counter(
      "pauses",
      "Pauses that were completed, by who asked: a rule or a window by its name, a person, another supervisor.",
      [...actors].map((actor) => ({ labels: whose(actor), value: counts.pausesBy.get(actor) ?? 0 })),
    ),
    {
      name: "pause_duration_seconds",
      type: "histogram",
      help: "From the request to pause until the job was saved and gone, or stood by.",
      ...counts.pauseTimes,
    },
    counter("gpu_memory_released_bytes", "GPU memory that pauses gave back.", [
      { value: counts.releasedMiB * MIB },
    ]),
  ];
}

function whose(actor: Actor): { actor: string; name: string } {
  const kind = actorKind(actor);
  return { actor: kind, name: actor.slice(kind.length + 1) };
}
