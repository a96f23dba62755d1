/**
 * Ours beside other programs that keep jobs running, queue them, watch the machine or show it, where they do
 * the same work: all in one run, as one table with ratios. Says on stderr what it is at, and takes about
 * five and a half minutes. BENCH_SECONDS (60) are measured idle after BENCH_SETTLE_SECONDS (45), with 1 and
 * with BENCH_JOBS (20) jobs; start-up and submission are the median of BENCH_ROUNDS (7). `npm run bench --
 * peers`, with `--write` into the README.
 */
import { cpus, loadavg } from "node:os";
import { SECONDS } from "./idle/side-by-side.ts";
import { boinc } from "./peers/boinc.ts";
import { btop } from "./peers/btop.ts";
import { earlyoom } from "./peers/earlyoom.ts";
import { type Idles, idles } from "./peers/idles.ts";
import { monit } from "./peers/monit.ts";
import { ours } from "./peers/ours.ts";
import type { Peer } from "./peers/peer.ts";
import { enter, leave } from "./peers/place.ts";
import { pm2 } from "./peers/pm2.ts";
import { startUps, submissions } from "./peers/rounds.ts";
import { supervisord } from "./peers/supervisord.ts";
import { behind, leftOut, type Row, ratioTable } from "./peers/table.ts";
import { tsp } from "./peers/tsp.ts";

const JOBS = Number(process.env.BENCH_JOBS ?? 20);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 7);
const ALL: Peer[] = [ours, pm2, supervisord, monit, tsp, earlyoom, boinc, btop];

type Values = Record<string, number>;
const each = <T>(of: Record<string, T>, value: (item: T, name: string) => number): Values =>
  Object.fromEntries(Object.entries(of).map(([name, item]) => [name, value(item, name)]));

function idleRows({ programs }: Idles, jobs: string): Row[] {
  const [cpu, memory] = [each(programs, (use) => use.cpuSeconds), each(programs, (use) => use.rssMiB)];
  return [
    { what: `idle, ${jobs}: CPU a minute`, unit: "s", values: cpu },
    { what: `idle, ${jobs}: memory`, unit: "MiB RSS", values: memory },
  ];
}

function screenRows({ programs, screens }: Idles): Row[] {
  // btop samples the machine in the same process; ours and pm2's show what their daemons sample.
  const whole = each(screens, (use, name) => use.cpuSeconds + (programs[name]?.cpuSeconds ?? 0));
  return [
    { what: "screen at 1 Hz: CPU a minute", unit: "s", values: each(screens, (use) => use.cpuSeconds) },
    { what: "the same with the daemon that it shows", unit: "s", values: whole },
    { what: "screen: memory", unit: "MiB RSS", values: each(screens, (use) => use.rssMiB) },
  ];
}

async function measured(peers: Peer[]): Promise<Row[]> {
  console.error(`peers: start-up and submission, ${ROUNDS} rounds`);
  const start = await startUps(peers, ROUNDS);
  const submitted = await submissions(peers, ROUNDS);
  const one = await idles(peers, 1, true);
  const many = await idles(peers, JOBS, false);
  return [
    ...idleRows(one, "1 job"),
    ...idleRows(many, `${JOBS} jobs`),
    { what: "start → first answer", unit: "ms", values: start },
    { what: "job handed in → job runs", unit: "ms", values: submitted },
    ...screenRows(one),
  ];
}

/** Those that can be measured here, ours among them, with their versions; and those that aren't installed. */
export function installed(): { there: Peer[]; versions: string[]; missing: Peer[] } {
  const found = ALL.map((peer) => ({ peer, version: peer.version() }));
  const there = found.filter(({ version }) => version !== null);
  return {
    there: there.map(({ peer }) => peer),
    versions: there.flatMap(({ peer, version }) => (version ? [`${peer.name} ${version}`] : [])),
    missing: found.filter(({ version }) => version === null).map(({ peer }) => peer),
  };
}

const load = (): number => loadavg()[0] ?? 0;

/** What it says on the machine's load, from that before and after. */
function loadLine(before: number, after: number): string {
  const line = `Load average ${before.toFixed(1)} before, ${after.toFixed(1)} after`;
  // The load of what is measured is about one.
  const busy = before > cpus().length / 2 || after > cpus().length;
  return busy
    ? `${line}: others used the machine, on which ours looks closer and everything takes longer.`
    : `${line}.`;
}

/** The table, and what is to be said with it; `machine` tells where it was measured. */
export async function table(machine: string): Promise<string> {
  const { there, versions, missing } = installed();
  const before = load();
  // A terminal's Ctrl-C reaches no daemon.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => stop());
  enter();
  try {
    const rows = await measured(there);
    return [
      `Measured by \`npm run bench -- peers\` ${machine}; idle over ${SECONDS} s. ${versions.join(", ")}.`,
      loadLine(before, load()),
      "In brackets how many times that ours is; bold where ours is behind.",
      "",
      ratioTable(rows),
      "",
      behind(rows),
      ...leftOut(missing),
    ].join("\n");
  } finally {
    leave();
  }
}

function stop(): void {
  leave();
  process.exit(1);
}
