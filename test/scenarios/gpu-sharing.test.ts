/**
 * Two supervisors of two users on one GPU: a line, turns, people before both, and claims that end.
 * Covers: src/cli/commands/jobs/ask-for-turn.ts
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { JobView } from "../../src/control/protocol.ts";
import type { AuditEvent } from "../../src/model/event.ts";
import { bootId } from "../../src/sense/proc/boot-id.ts";
import { readStat } from "../../src/sense/proc/process.ts";
import { FakeNvml } from "../fakes/nvml/fake.ts";
import { compiler, describeWith, root } from "../needs.ts";
import { alive, CHILDREN, RealSupervisor, tickOf, until } from "./real-supervisor.ts";

const BOB = 1001;
const ANA = 1002;
const OTHERS = {
  name: "somebody else computes on the GPU",
  metric: "gpu.others.utilization",
  above: 25,
  // Longer than a reading counts, 3 s: whoever hasn't seen by then that somebody is there knows nothing, and doesn't start.
  forSeconds: 5,
  // Within the courtesy of 10 s: a supervisor that looks some seconds late keeps its place.
  clear: { below: 10, forSeconds: 8 },
};

/** How often a scene may begin anew in which somebody's place was rightly passed over. */
const MOST_TRIES = 3;

let driver: FakeNvml;
let bob: RealSupervisor;
let ana: RealSupervisor;
let claims: string;
/** Where the jobs say that they begin and end. */
let marks: string;
let game: { gpu: number; pid: number; memory: number; sm: number }[] = [];

async function open(): Promise<void> {
  game = [];
  driver = new FakeNvml({ gpus: [{ util: 0, used: 500 }] });
  claims = driver.env.GPU_JOB_SUPERVISOR_CLAIMS as string;
  mkdirSync(claims);
  chmodSync(claims, 0o1777);
  chmodSync(driver.directory, 0o755);
  marks = join(driver.directory, "marks");
  writeFileSync(marks, "");
  chmodSync(marks, 0o666);
  const house = (job: string, uid: number): Promise<RealSupervisor> => {
    const command = ["node", join(CHILDREN, "count-steps.ts"), "--ms", "50", "--marks", marks];
    const turns = { requests: "yield" };
    const config = { rules: [OTHERS], balance: { settleSeconds: 0, backoffSeconds: 0.1 }, turns };
    return new RealSupervisor({ ...config, jobs: [{ name: job, command }] }, driver.env, uid).start();
  };
  bob = await house("asr", BOB);
  await bob.reaches("asr", ["running"]);
  ana = await house("tts", ANA);
}

async function close(): Promise<void> {
  await bob.close();
  await ana.close();
  driver.close();
}

beforeEach(open);
afterEach(close);

/** Whoever runs computes with all it can, as jobs do. */
function work(): void {
  const busy = [bob.job("asr"), ana.job("tts")].flatMap(({ pid }) =>
    pid === null ? [] : [{ gpu: 0, pid, memory: 8000, sm: 97 }],
  );
  driver.set({ gpus: [{ util: 97, used: 8500 }], processes: [...busy, ...game] });
}

const pauses = (supervisor: RealSupervisor): AuditEvent[] => supervisor.audit("pause.requested");

const lostOf = (one: RealSupervisor): number => one.audit("sensor.lost").length;

/** The second waits in line, and takes its turn. */
async function takeTurn(): Promise<void> {
  work();
  const line = /^waits: GPU 0 held by \S+'s 'asr' \(supervised, since .+\); you're 1st in line$/;
  await until("the line to be told of", () => line.test(ana.job("tts").why.summary));
  const seen = await until("bob's use to be seen", () => {
    const [one] = ana.snapshot().gpus;
    return one?.processes[0]?.claimed && one;
  });
  expect(seen.metrics["gpu.others.utilization"]).toMatchObject({ value: 0 });

  // A turn is asked for and given.
  const asked = ana.say("ask", "--gpu", "0", "--for", "2h");
  expect(asked, asked.err).toMatchObject({ code: 0 });
  await ana.reaches("tts", ["running"]);
  work();
  await bob.reaches("asr", ["paused"]);
  expect(pauses(bob)).toMatchObject([{ job: "asr", actor: "peer" }]);
  await until("bob to stand in line", () => bob.job("asr").why.summary.includes("you're 1st in line"));
}

/** Somebody who isn't supervised comes first for both, and goes. Returns how often bob couldn't see the GPU until then. */
async function makeRoom(): Promise<number> {
  const child = ana.outsider("sleep", "1000");
  game = [{ gpu: 0, pid: child.pid as number, memory: 400, sm: 60 }];
  work();
  await ana.reaches("tts", ["paused"]);
  expect(bob.job("asr").state).toBe("paused");
  expect(pauses(ana)).toMatchObject([{ job: "tts", actor: `rule:${OTHERS.name}` }]);
  const paused = tickOf(ana.snapshot());
  for (const one of [bob, ana])
    await until("the person to be seen to stay", () => {
      const others = one.snapshot().gpus[0]?.metrics["gpu.others.utilization"];
      return others && "value" in others && others.atMs > paused && others.value > OTHERS.above;
    });
  await until("bob's rule to say so", () => bob.audit("rule.pressure").length > 0);
  await ana.end(child);
  const lost = lostOf(bob);
  game = [];
  driver.set({ gpus: [{ util: 0, used: 500 }], processes: [] });
  return lost;
}

/**
 * Who has waited longest goes on. False where bob's supervisor, as the machine stood still, hadn't said before ana went
 * on that he can soon, or couldn't see the GPU: then she goes first, and rightly so.
 */
async function firstGoesOn(lost: number): Promise<boolean> {
  await until("bob to be known to come", () => {
    const [file = ""] = readdirSync(claims).filter((name) => /^[^.].*-asr\./.test(name));
    const { holds, readyMs } = JSON.parse(readFileSync(join(claims, file), "utf8"));
    return holds || readyMs !== null;
  });
  const inTime = ana.job("tts").state === "paused";
  const running = ({ state }: JobView): boolean => state === "running";
  await until("one of them to go on", () => running(bob.job("asr")) || running(ana.job("tts")));
  const isAna = running(ana.job("tts"));
  if (isAna && (!inTime || lostOf(bob) > lost)) return false;
  expect(isAna, "ana has gone on before bob").toBe(false);
  return true;
}

describeWith(compiler.met ? root : compiler)("two users on one GPU", () => {
  it("the second waits in line, takes its turn, both make room for a person, and nothing flaps", async () => {
    for (let tries = 1; ; tries++) {
      await takeTurn();
      const lost = await makeRoom();
      if (await firstGoesOn(lost)) break;
      expect(tries, "bob was passed over each time").toBeLessThan(MOST_TRIES);
      await close();
      await open();
    }
    work();
    await until("ana to stand in line", () => ana.job("tts").why.waitingFor[0]?.code === "gpu-claimed");
    expect(pauses(bob)).toHaveLength(1);
    expect(pauses(ana)).toHaveLength(1);
    expect([bob, ana].map((one) => one.audit("gpu.claimed").length)).toEqual([2, 1]);
    // No program has begun before the one before it had ended.
    const said = (): string[] => readFileSync(marks, "utf8").trim().split("\n");
    await until("bob's second program", () => said().length >= 5);
    expect(said()).toEqual(["begins", "ends", "begins", "ends", "begins"]);
    for (const one of [bob, ana]) expect(one.audit("rule.misattributed")).toEqual([]);
  });

  it("a claim outlives its supervisor and ends with its job; a forged one excuses and holds nothing", async () => {
    const pid = bob.job("asr").pid as number;
    await until("the line to be told of", () => ana.job("tts").why.waitingFor[0]?.code === "gpu-claimed");
    // Root's file that names bob's process, and one that names a process that is gone.
    const startTime = readStat(pid)?.startTime;
    expect(readdirSync(claims).filter((name) => !name.startsWith("."))).toHaveLength(2);
    const forged = {
      version: 1,
      supervisor: "0-x",
      gpus: ["GPU-fake-0"],
      holds: true,
      sinceMs: 1,
      readyMs: null,
    };
    for (const [file, one] of [
      ["0-x-a", pid],
      ["0-x-b", 4_194_303],
    ] as const)
      writeFileSync(
        join(claims, `${file}.json`),
        JSON.stringify({ ...forged, id: file, job: "x", bootId: bootId(), pids: [{ pid: one, startTime }] }),
      );
    await bob.crash();
    expect(alive(pid)).toBe(true);
    const before = ana.snapshot().atMs;
    await until("ana's supervisor to look again", () => ana.snapshot().atMs > before + 1500);
    expect(ana.job("tts").why.summary).toMatch(/held by \S+'s 'asr'/);
    process.kill(pid, "SIGKILL");
    await ana.reaches("tts", ["running"]);
  });
});
