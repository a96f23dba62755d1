/**
 * Where /proc hides other users' processes: what they use is told as an estimate, never more than isn't ours, and
 * never what a job's own short-lived processes use. A real /proc with hidepid, an ordinary user, no cgroup.
 * Covers: src/sense/others/hidden-use.ts, src/sense/proc/hidden-users.ts, src/sense/others/attribute-cpu.ts.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it } from "vitest";
import type { ProcessEvidence, Reading } from "../../../src/model/machine.ts";
import { HiddenUse, howTold, lessMargin } from "../../../src/sense/others/hidden-use.ts";
import type { ProcessScan } from "../../../src/sense/others/scan-processes.ts";
import type { Owner } from "../../../src/sense/owners/owner.ts";
import { hiddenUsers as probe } from "../../../src/sense/proc/hidden-users.ts";
import { describeWith, hiddenUsers } from "../../needs.ts";
import { until } from "../../until.ts";

interface Told {
  others: Reading;
  total: Reading;
  ours: Reading;
  foreign: ProcessEvidence[];
}

const WATCH = new URL("../../children/sense-hidden.ts", import.meta.url).pathname;
/** Nobody else's on this machine, so that the child may end all of it. */
const UID = 64_123;
const children: ChildProcess[] = [];

/** What a user sees who doesn't see this test, nor anybody else. */
function watchAsStranger(form: string): Told[] {
  const script = `mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid=${UID} --regid=${UID} --clear-groups "$@"`;
  const argv = ["-m", "sh", "-c", script, "sh", process.execPath, WATCH, form, `hidden-${process.pid}`];
  const child = spawn("unshare", argv, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { PATH: process.env.PATH },
  });
  children.push(child);
  const told: Told[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => told.push(JSON.parse(line)));
  return told;
}

afterEach(async () => {
  for (const child of children.splice(0)) {
    const ended = new Promise((done) => child.on("exit", done));
    if (child.stdin === null) child.kill("SIGKILL");
    else child.stdin.end();
    await ended;
  }
});

const figure = (reading: Reading): number => ("value" in reading ? reading.value : Number.NaN);
const how = (reading: Reading): string => ("value" in reading ? (reading.estimated ?? "") : "");

describeWith(hiddenUsers)("a user from whom others are hidden", () => {
  it("is told about how much they use, beside a job that uses all it gets", async () => {
    children.push(spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }));
    const told = watchAsStranger("a plain loop");
    const last = await until("others' use", () => told.find(({ others }) => figure(others) > 12));
    expect(how(last.others)).toMatch(/hidden here \(hidepid on \/proc\), so it is .* less 10 %/);
    expect(last.foreign.filter(({ user }) => user !== String(UID))).toEqual([]);
    expect(figure(last.others)).toBeLessThanOrEqual(figure(last.total) - figure(last.ours) - 7);
  });

  it.each(["a double fork", "SIGCHLD ignored"])("isn't told that %s is somebody else", async (form) => {
    // Somebody else uses some of it all the time, so that there is something to doubt in each sample.
    const some = "setInterval(() => { const end = Date.now() + 15; while (Date.now() < end); }, 100)";
    children.push(spawn(process.execPath, ["-e", some], { stdio: "ignore" }));
    const told = watchAsStranger(form);
    // The first scans can't know yet that it goes on like this.
    const isDoubted = ({ others }: Told): boolean =>
      /short-lived processes of our own jobs/.test(how(others));
    const begun = await until("a short-lived process to be seen", () => told.findIndex(isDoubted) + 1);
    await until("enough samples", () => told.length > begun + 8);
    const settled = told.slice(begun);
    const mean = (percents: number[]): number =>
      percents.reduce((sum, percent) => sum + percent, 0) / percents.length;
    for (const { others } of settled) expect(how(others)).toMatch(/short-lived processes of our own jobs/);
    // The program that samples is seen, and is nobody's run.
    expect(mean(settled.map(({ others }) => figure(others)))).toBeLessThan(10);
    // The stranger and the short-lived ones get what the machine has left; in one window of ticks that may be nothing.
    const doubted = settled.map(({ others }) => ("upTo" in others ? (others.upTo ?? 0) : 0));
    expect(doubted.filter((percent) => percent > 0).length).toBeGreaterThan(doubted.length / 2);
    expect(mean(doubted)).toBeGreaterThan(2);
  });
});

describe("what is hidden", () => {
  const scan = (atMs: number, owners: [number, Owner, number][]): ProcessScan => ({
    atMs,
    bootTicks: atMs / 10,
    cpuAll: 0,
    table: new Map(owners.map(([pid, , startTime]) => [pid, { pid, startTime } as never])),
    owners: new Map(owners.map(([pid, owner]) => [pid, owner])),
    escaped: new Set(),
    claimEscaped: false,
    reapers: new Set(),
    hidden: "hidden here",
  });
  const claim = (uid: number, pids: number[]) => ({
    id: "x",
    uid,
    user: "eve",
    job: "asr",
    gpus: [],
    holds: true,
    sinceMs: 0,
    readyMs: null,
    pids: pids.map((pid) => ({ pid, startTime: null })),
  });

  it("is doubted for ten seconds after a run has started a process, and never for strangers' ones", () => {
    const use = new HiddenUse();
    use.look(
      scan(50_000, []),
      scan(51_000, [
        [70, "foreign", 5050],
        [71, { run: "r" }, 4990],
      ]),
    );
    expect(use.doubt(51_000, [])).toBeNull();
    use.look(scan(51_000, []), scan(52_000, [[72, { run: "r" }, 5150]]));
    expect(use.doubt(61_900, [])).toMatch(/short-lived/);
    expect(use.doubt(62_100, [])).toBeNull();
  });

  it("is doubted while another user's supervised job may be among it", () => {
    const use = new HiddenUse();
    expect(use.doubt(0, [claim(64_777, [9])])).toMatch(/supervised job/);
    expect(use.doubt(0, [claim(64_777, []), claim(process.getuid?.() ?? 0, [9])])).toBeNull();
  });

  it("counts less a margin, and says so", () => {
    expect([lessMargin(64), lessMargin(7)]).toEqual([54, 0]);
    expect(howTold(probe(null) ?? "", null)).toMatch(/hidepid.*less 10 %$/);
    expect(probe({ pid: 1 })).toBeNull();
  });
});
