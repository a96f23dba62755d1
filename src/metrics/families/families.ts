/** All families of metrics of one snapshot, as text. Pure. */
import type { Snapshot } from "../../control/protocol.ts";
import type { EventCounts } from "../event-counts.ts";
import { exposition, type Family, type Histogram, type Labels } from "../exposition.ts";
import type { GpuTime } from "../gpu-time.ts";
import { actorsOf, ofEvents } from "./of-events.ts";
import { ofGpus } from "./of-gpus.ts";
import { ofJobs } from "./of-jobs.ts";
import { ofMachine } from "./of-machine.ts";
import { ofRules } from "./of-rules.ts";
import { ofSupervisor } from "./of-supervisor.ts";

/**
 * `whose`: the labels that tell one supervisor of a machine from another. Without them node_exporter refuses
 * all text files of a machine on which two supervisors write one.
 */
export function metricsText(
  snapshot: Snapshot,
  counts: EventCounts,
  gpuTime: GpuTime,
  whose: Labels,
): string {
  counts.keepOnly(new Set(snapshot.jobs.map(({ name }) => name)), new Set(actorsOf(snapshot)));
  return exposition(families(snapshot, counts, gpuTime), whose);
}

/** All that there are, those without series included. */
export const families = (
  snapshot: Snapshot,
  counts: EventCounts,
  gpuTime: GpuTime,
): (Family | Histogram)[] => [
  ...ofSupervisor(snapshot),
  ...ofMachine(snapshot),
  ...ofGpus(snapshot),
  ...ofRules(snapshot),
  ...ofJobs(snapshot, counts, gpuTime),
  ...ofEvents(snapshot, counts),
];
