/** Several machines side by side: a line for each, then the jobs of all of them. Pure. */

import { paint } from "./draw/lines.ts";
import { gaugeLines } from "./draw/machine-gauges.ts";
import { neutral } from "./neutral.ts";
import { type Row, type Shown, supervisorRows, tableOf } from "./plain-all.ts";

/** One machine with its supervisors, or why it can't be looked at. */
export type HostShown = { host: string } & ({ supervisors: Shown[] } | { error: string });

export function formatHosts(hosts: HostShown[], width: number): string {
  const machines = hosts.map((one): Row => ({ facts: [neutral(one.host)], rest: machineText(one, width) }));
  const jobs = hosts.flatMap(jobRows);
  const parts = [tableOf(machines, width), ...(jobs.length === 0 ? [] : [[""], tableOf(jobs, width)])];
  return parts.flat().join("\n");
}

function machineText(one: HostShown, width: number): string {
  if ("error" in one) return `can't be looked at: ${neutral(one.error)}`;
  if (one.supervisors.length === 0) return "no supervisor of yours is running";
  // All of a machine's supervisors see the same machine.
  const answering = one.supervisors.find((shown) => "snapshot" in shown);
  if (answering === undefined || !("snapshot" in answering)) return "";
  return gaugeLines(answering.snapshot, width, 1)
    .map((line) => paint(line, "none").trimEnd())
    .join("");
}

const jobRows = (one: HostShown): Row[] =>
  "error" in one
    ? []
    : one.supervisors
        .flatMap(supervisorRows)
        .map(({ facts, rest }) => ({ facts: [neutral(one.host), ...facts], rest }));
