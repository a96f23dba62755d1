/**
 * A job that keeps the contract but for one thing: it never heeds a request to pause. Reports a step
 * every 20 ms and says on its log what ends it. It saves nothing by itself.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

const status = process.env.SUPERVISOR_STATUS_DIR ?? "";
const stat = readFileSync("/proc/self/stat", "utf8");
const report = {
  runId: process.env.SUPERVISOR_RUN_ID,
  pid: process.pid,
  startTime: Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]),
  rank: 0,
  worldSize: 1,
  host: hostname(),
  state: "running",
  sequence: 0,
  step: 0,
};

process.on("SIGUSR2", () => {});
process.on("SIGTERM", () => {
  console.log("ends on SIGTERM");
  process.exit(143);
});
setInterval(() => {
  report.step++;
  const file = join(status, "rank-0.json");
  writeFileSync(`${file}.new`, JSON.stringify({ ...report, at: new Date().toISOString() }));
  renameSync(`${file}.new`, file);
}, 20);
