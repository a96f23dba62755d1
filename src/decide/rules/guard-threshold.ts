/** When the fast CPU guard must watch, and at what use by others it should call. */
import type { Rule } from "../../config/schema/schema.ts";
import { isAtWork } from "../../model/state.ts";
import type { Jobs } from "../world.ts";

/** The lowest use by others that a rule acts on, in percent; null while nothing runs that it could act on. */
export function guardThreshold(rules: Rule[], jobs: Jobs): number | null {
  if (!Object.values(jobs).some((job) => isAtWork(job.state.name))) return null;
  const limits = rules.flatMap(({ metric, action, above }) =>
    metric === "cpu.others" && action !== "notify" && above !== undefined ? [above] : [],
  );
  return limits.length > 0 ? Math.min(...limits) : null;
}
