/** When the fast guard of the CPU must watch, and from which use of others on it should call. */
import type { Rule } from "../../config/schema/schema.ts";
import type { Jobs } from "../world.ts";

/** The lowest use of others that some rule acts on, in percent; null while nothing runs that it could act on. */
export function guardThreshold(rules: Rule[], jobs: Jobs): number | null {
  if (!Object.values(jobs).some((job) => job.state.name === "running")) return null;
  const limits = rules.flatMap(({ metric, action, above }) =>
    metric === "cpu.others" && action !== "notify" && above !== undefined ? [above] : [],
  );
  return limits.length > 0 ? Math.min(...limits) : null;
}
