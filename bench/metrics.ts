/**
 * What metrics cost: a whole supervisor that writes its file and is scraped every 15 s, beside one without;
 * and one page of a thousand jobs.
 */

import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { clock } from "../src/clock.ts";
import { configSchema } from "../src/config/schema/schema.ts";
import { EventCounts } from "../src/metrics/event-counts.ts";
import { metricsText } from "../src/metrics/families/families.ts";
import { GpuTime } from "../src/metrics/gpu-time.ts";
import { snapshot } from "../src/supervise/snapshot.ts";
import { supervisorWith } from "./idle.ts";
import { superviseHere } from "./in-process.ts";
import type { Measured } from "./run.ts";

const PAGES = 50;
const quiet = { name: "cpu", metric: "cpu.others", above: 100, clear: { below: 98 }, action: "notify" };

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

async function scraped(): Promise<{ cpuSeconds: number; rssMiB: number }> {
  const port = await freePort();
  const scrape = setInterval(() => void fetch(`http://127.0.0.1:${port}/metrics`).catch(() => {}), 15_000);
  try {
    return await supervisorWith(1, { rules: [quiet], metrics: { port, file: "ours.prom" } });
  } finally {
    clearInterval(scrape);
  }
}

/** Mean CPU ms of a page, and its length. */
function pageOf(known: number): { ms: number; bytes: number } {
  const { supervisor, close } = superviseHere(known, clock, { scans: false });
  const moment = supervisor.tick();
  const config = {
    ...configSchema.parse({}),
    rules: [],
    database: "/x/db",
    stateDirectory: "/x",
    file: null,
    project: "user",
    directory: "/x",
  };
  const about = {
    config,
    version: "",
    startedAtMs: 0,
    stopping: false,
    warnings: [],
    windows: [],
    events: [],
  };
  const [counts, gpuTime] = [new EventCounts(), new GpuTime()];
  const make = (): string =>
    metricsText(snapshot(moment, { ...about, pace: () => null, copying: () => null }), counts, gpuTime, {
      user: "ann",
      project: "/p",
    });
  for (let i = 0; i < PAGES; i++) make();
  const before = process.cpuUsage();
  for (let i = 0; i < PAGES; i++) make();
  const { user, system } = process.cpuUsage(before);
  const { length } = make();
  close();
  return { ms: (user + system) / 1000 / PAGES, bytes: length };
}

export async function measure(): Promise<Measured[]> {
  const [few, many] = [pageOf(1), pageOf(1000)];
  const without = await supervisorWith(1, { rules: [quiet] });
  const withThem = await scraped();
  const kib = (bytes: number): string => `${Math.round(bytes / 1024)} KiB`;
  return [
    {
      name: "metrics, on top, idle with 1 job",
      unit: "s of CPU a minute",
      value: Math.max(0, withThem.cpuSeconds - without.cpuSeconds),
      target: 0.02,
      detail: "file and scrape, each every 15 s",
    },
    {
      name: "memory with metrics, 1 job",
      unit: "MiB RSS",
      value: withThem.rssMiB,
      target: 75,
      detail: `without them ${withThem.rssMiB < without.rssMiB ? "as much" : `${without.rssMiB.toFixed(1)} MiB`}, in the same run`,
    },
    { name: "a page of metrics, 1 job", unit: "ms of CPU", value: few.ms, target: 1, detail: kib(few.bytes) },
    {
      name: "a page of metrics, 1,000 jobs",
      unit: "ms of CPU",
      value: many.ms,
      target: 100,
      detail: `${kib(many.bytes)}, every 15 s`,
    },
  ];
}

if (process.argv[1] === import.meta.filename) console.table(await measure());
