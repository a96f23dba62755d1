/**
 * A dashboard on this terminal whose snapshots come from a file instead of a supervisor: the file
 * is read again every tick and its time moves on. Requests are appended to a second file, one JSON
 * document per line. The file's absence is a lost connection; a request to stop ends it.
 *
 * node show-serve.ts RUN-DASHBOARD.js SNAPSHOT.json REQUESTS.jsonl [TICK-MS]
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Answer, Request, Snapshot } from "../../src/protocol.ts";
import type { DashboardClient } from "../../src/show/client-interface.ts";

const [module = "", file = "", requests = "", tickMs = "1000"] = process.argv.slice(2);
const startedAt = Date.now();
let show: (snapshot: Snapshot) => void = () => {};
let lost: (reason: string) => void = () => {};
let connected = true;

function read(): Snapshot {
  const snapshot = JSON.parse(readFileSync(file, "utf8")) as Snapshot;
  return { ...snapshot, atMs: snapshot.atMs + Date.now() - startedAt };
}

function tick(): void {
  if (!connected) return;
  if (existsSync(file)) show(read());
  else {
    connected = false;
    lost("the snapshot file is gone");
  }
}

const timer = setInterval(tick, Number(tickMs));

const client: DashboardClient = {
  onSnapshot(listener) {
    show = listener;
    tick();
  },
  onClose(listener) {
    lost = listener;
  },
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

const { runDashboard } = (await import(module)) as typeof import("../../src/show/run-dashboard.ts");
const end = await runDashboard(client, { readLog: (job) => readFile(job.logPath ?? "", "utf8") });
console.log(`ended: ${end}`);
