/**
 * A dashboard on this terminal whose snapshots come from a file instead of a supervisor: the file
 * is read again every tick and its time moves on. Requests are appended to a second file, one JSON
 * document per line. The file's absence is a lost connection; a request to stop ends it.
 *
 * node show-serve.ts RUN-DASHBOARD.js SNAPSHOT.json REQUESTS.jsonl [moving]
 *
 * With `moving`, steps and readings change with every tick, as on a machine at work.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { DashboardClient } from "../../src/control/dashboard-client.ts";
import type { Answer, Request, Snapshot } from "../../src/control/protocol.ts";

const [module = "", file = "", requests = "", motion = ""] = process.argv.slice(2);
const startedAt = Date.now();
let show: (snapshot: Snapshot) => void = () => {};
let lost: (reason: string) => void = () => {};
let connected = true;

function read(): Snapshot {
  const snapshot = JSON.parse(readFileSync(file, "utf8")) as Snapshot;
  const elapsedMs = Date.now() - startedAt;
  if (motion === "moving") move(snapshot, Math.round(elapsedMs / 1000));
  return { ...snapshot, atMs: snapshot.atMs + elapsedMs };
}

function move(snapshot: Snapshot, ticks: number): void {
  for (const { progress, state } of snapshot.jobs) {
    if (state !== "running" || progress === null) continue;
    progress.step = (progress.step ?? 0) + 4 * ticks;
    progress.metrics.loss = 0.3 + 0.01 * Math.sin(ticks);
  }
  snapshot.machine["cpu.total"] = { value: 60 + 20 * Math.sin(ticks), atMs: 0 };
  snapshot.machine["memory.othersMiB"] = { value: 9000 + 300 * Math.cos(ticks), atMs: 0 };
}

function tick(): void {
  if (!connected) return;
  if (existsSync(file)) show(read());
  else {
    connected = false;
    lost("the snapshot file is gone");
  }
}

const timer = setInterval(tick, 1000);

const client: DashboardClient = {
  onSnapshot(listener) {
    show = listener;
    tick();
  },
  onClose(listener) {
    lost = listener;
  },
  onStopped() {},
  async request(request: Request): Promise<Answer> {
    appendFileSync(requests, `${JSON.stringify(request)}\n`);
    if (request.verb === "resume")
      return { id: 1, ok: false, error: "refused for the test", code: "refused" };
    return { id: 1, ok: true, result: {} };
  },
  async reconnect() {
    if (!existsSync(file)) throw new Error("nobody answers");
    connected = true;
    tick();
  },
  close: () => clearInterval(timer),
};

const { runDashboard } = (await import(
  module
)) as typeof import("../../src/show/screen/terminal/run-dashboard.ts");
const end = await runDashboard(client, {
  readLog: (job) => readFile(job.logPath ?? "", "utf8"),
  readPast: async (job, watched, { atMs, supervisor }) => {
    const { jobPast } = await import("../../src/report/job-past.ts");
    return jobPast(supervisor.database, job.name, watched, atMs);
  },
});
console.log(`ended: ${end}`);
