/** What a machine doesn't tell, and what its supervisor says instead of nothing. */
import { sights } from "../../src/decide/rules/sight.ts";
import { UNINSPECTED } from "../../src/sense/gpu/drm/sweep.ts";
import { readingsOf } from "../../src/sense/gpu/readings.ts";
import { unreadable } from "../../src/sense/gpu/report.ts";
import { howTold } from "../../src/sense/others/hidden-use.ts";
import { hiddenUsers } from "../../src/sense/proc/hidden-users.ts";
import { handOverText } from "../../src/words/sentences/hand-over.ts";
import { sightText } from "../../src/words/sentences/sight.ts";
import { Days, running } from "../decide/days.ts";
import type { Fault, Group } from "./fault.ts";

const CPU = { name: "others compute", metric: "cpu.others", above: 60, clear: { below: 30 } };
const DISKS = { name: "disks stall", metric: "pressure.io.full", above: 40, clear: { below: 10 } };

/** The warnings after some seconds with these readings. */
function warnings(readings: Parameters<Days["tick"]>[1], estimated?: string): string {
  const days = new Days({ rules: [CPU, DISKS] }, running("tts"));
  for (const second of [0, 4]) days.tick(second, { "cpu.others": 5, "pressure.io.full": 1, ...readings });
  const states = Object.fromEntries(
    Object.entries(days.world.rules).map(([key, state]) => [
      key,
      estimated !== undefined && state.rule === CPU.name ? { ...state, estimated } : state,
    ]),
  );
  return `A warning: ${sights(days.config.rules, states, []).map(sightText).join(" ")}`;
}

const hidden = (doubt: string | null): string => warnings({}, howTold(hiddenUsers(null) ?? "", doubt));
const fault = (what: string, gives: () => string): Fault => ({ fault: what, gives });

export const unseen: Group = {
  title: "What this machine doesn't tell",
  faults: [
    fault("a rule's metric was never there (and the event `rule.blind`, once)", () =>
      warnings({ "pressure.io.full": "this kernel has no /proc/pressure/io" }),
    ),
    fault("a rule's metric can't be read any more", () => {
      const days = new Days({ rules: [DISKS] }, running("tts"));
      days.tick(0, { "pressure.io.full": 1 });
      days.tick(1, { "pressure.io.full": "/proc/pressure/io can't be read (EIO)" });
      return `A warning: ${sights(days.config.rules, days.world.rules, []).map(sightText).join(" ")}`;
    }),
    fault("`/proc` hides other users' processes", () => hidden(null)),
    fault("… while a job starts processes", () =>
      hidden("short-lived processes of our own jobs can't be told from them"),
    ),
    fault("other users' processes can't be inspected, beside an Intel GPU (without root)", () => {
      const identity = { uuid: "Intel-0000:03:00.0", index: 0, name: "Arc", source: "xe" };
      const report = { ...unreadable(identity, "untold"), processes: [], unlisted: UNINSPECTED };
      const here = { atMs: 0, oursHere: true, blind: null, ignoreBelow: 30, visited: false };
      const metric = "gpu.others.utilization";
      const reading = readingsOf({ ...report, atLeast: true }, [], here)[metric];
      const why = "value" in reading ? (reading.estimated ?? "") : "";
      return `A warning: ${sightText({ how: "estimated", metric, gpu: 0, rules: [], why })}`;
    }),
    fault("a command hands its work to a server", () => {
      const program = { name: "llama-server", pid: 4711 };
      return `\`job.handed-over\` ${handOverText({ gpu: null, from: 3, to: 58.2, runs: 3, program })}`;
    }),
  ],
};
