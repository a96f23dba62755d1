/** The supervisor itself: that it lives, and whether something needs a look. Pure. */
import type { Snapshot } from "../../control/protocol.ts";
import type { Family, Labels } from "../exposition.ts";
import { flag, gauge } from "./readings.ts";

const one = (name: string, help: string, value: number, labels: Labels = {}): Family =>
  gauge(name, help, [{ labels, value }]);

export function ofSupervisor({ supervisor, atMs }: Snapshot): Family[] {
  const { version, host, startedAtMs, pollSeconds, warnings, stopping } = supervisor;
  return [
    one("info", "A running supervisor; its version and host are labels.", 1, { version, hostname: host }),
    one("start_time_seconds", "When the supervisor started; its counters begin then.", startedAtMs / 1000),
    one("last_tick_timestamp_seconds", "When the machine was last looked at.", atMs / 1000),
    one("poll_interval_seconds", "Time between two looks at the machine.", pollSeconds),
    one("warnings", "Problems that `supervisor status` shows.", warnings.length),
    one("stopping", "1 while it pauses its jobs in order to stop.", flag(stopping)),
  ];
}
