/**
 * Speaks the pause contract by hand, as a job library would: reports itself, and on its signal
 * acknowledges control.json. Ends with 75 on "pause", with 0 when told nothing for a minute.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Control } from "../../src/contract/control.ts";
import { CONTROL_FILE, ENV, rankFile } from "../../src/contract/names.ts";
import type { StatusFile } from "../../src/contract/status.ts";

const directory = process.env[ENV.statusDir] ?? ".";
const stat = readFileSync("/proc/self/stat", "utf8");
const report: StatusFile = {
  runId: process.env[ENV.runId] ?? "",
  pid: process.pid,
  startTime: Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]),
  rank: 0,
  worldSize: 1,
  host: hostname(),
  state: "ready",
  sequence: 0,
  step: 1,
  at: "",
};

function write(): void {
  report.at = new Date().toISOString();
  const path = join(directory, rankFile(0));
  writeFileSync(`${path}.new`, JSON.stringify(report));
  renameSync(`${path}.new`, path);
}

process.on("SIGUSR2", () => {
  const control = JSON.parse(readFileSync(join(directory, CONTROL_FILE), "utf8")) as Control;
  console.log(`rung ${control.sequence} ${control.want}`);
  report.sequence = control.sequence;
  report.state = control.want === "pause" ? "paused" : control.want === "standby" ? "standby" : "running";
  write();
  if (control.want === "pause") process.exit(75);
});
write();
setTimeout(() => process.exit(0), 60_000);
