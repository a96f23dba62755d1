/**
 * Jobs of two ranks under a whole supervisor: they pause as one, and none goes on without the other.
 * Covers: src/runs/observe/world-size.ts
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { statusDirectory } from "../../src/files/state-paths.ts";
import type { AuditEvent } from "../../src/model/event.ts";
import { endOf, plainEnvironment, start } from "../job/launch.ts";
import { python, testWith, torch } from "../needs.ts";
import { pythonPath } from "../python-path.ts";
import { RealSupervisor, until } from "../scenarios/real-supervisor.ts";
import { pythonChild } from "./interpreter.ts";
import { argumentsOf, hashIn, MAIN, voice } from "./voice.ts";

const LIMIT = { timeout: 600_000 };
const STEPS = 300;
const endless = { ranks: 2, workers: 2, steps: 1_000_000 };

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

const train = (command: string[], more: object = {}): Record<string, unknown> => ({
  jobs: [{ name: "voice", command, restart: { backoffSeconds: 0.1 }, ...more }],
});

/** Both ranks' reports, as they are now. */
function reports(): { rank: number; pid: number; step: number }[] {
  const folder = statusDirectory(join(supervisor.directory, "state"), String(supervisor.job("voice").runId));
  return readdirSync(folder)
    .filter((name) => /^rank-\d+\.json$/.test(name))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
}

const log = (): string => readFileSync(join(supervisor.directory, "state/logs/voice.log"), "utf8");
const training = (past: number) => supervisor.steps("voice", past);

/** The one step at which an event says that all ranks have stopped. */
function expectOneStep({ outcome }: AuditEvent): number {
  const step = (outcome?.ranks as { step: number }[] | undefined)?.[0]?.step;
  expect(outcome).toMatchObject({ stepsLost: 0, ranks: [0, 1].map((rank) => ({ rank, step })) });
  return Number(step);
}

const launchers: [string, string[]][] = [
  ["plain environment ranks", [...voice, ...argumentsOf(endless)]],
  [
    "torchrun behind bash",
    [
      "bash",
      "-c",
      '"$0" "$@"; exit $?',
      ...pythonChild("python-torchrun.py"),
      "--nproc_per_node=2",
      MAIN,
    ].concat(
      argumentsOf({ ...endless, ranks: 1 }).map((part, at, all) =>
        all[at - 1] === "--batch-size" ? "24" : part,
      ),
    ),
  ],
];

for (const [name, command] of launchers)
  testWith(torch)(`${name}: both ranks stop at the same step, and the audit says so`, LIMIT, async () => {
    supervisor = await new RealSupervisor(train(command)).start();
    await training(3);
    expect(supervisor.say("pause", "voice")).toMatchObject({ code: 0 });
    const paused = await supervisor.recorded("pause.completed");
    const step = expectOneStep(paused);
    expect(paused?.reason).toContain("of all 2 ranks saved");
    expect(supervisor.say("resume", "voice").code).toBe(0);
    await training(step);
    expect(log()).toContain(`resumed at step ${step}`);
  });

testWith(torch)("a ring at one rank alone, by hand, stops both at the same step", LIMIT, async () => {
  supervisor = await new RealSupervisor(train(launchers[1]?.[1] as string[])).start();
  await training(3);
  const rung = await until("rank 1", () => reports().find(({ rank }) => rank === 1));
  process.kill(rung.pid, "SIGUSR2");
  const paused = await supervisor.recorded("pause.completed", "voice");
  expect(paused.actor).toBe("job");
  const step = expectOneStep(paused);
  await until("both to go on", () => log().includes(`resumed at step ${step}`));
});

testWith(torch)(
  "a rank killed with SIGKILL: both go on from the last complete checkpoint, bit for bit",
  LIMIT,
  async () => {
    const shape = { ranks: 2, workers: 0, steps: STEPS };
    const often = { checkpoint: { everyMinutes: 0.01 } };
    supervisor = await new RealSupervisor(train([...voice, ...argumentsOf(shape)], often)).start();
    await supervisor.shows("a checkpoint", ({ jobs: [job] }) => job?.checkpoint);
    const victim = await until("rank 1", () => reports().find(({ rank }) => rank === 1));
    process.kill(victim.pid, "SIGKILL");
    const failed = await supervisor.recorded("job.failed", "voice");
    expect(failed.outcome).toMatchObject({ stepsLost: expect.any(Number) });
    await supervisor.reaches("voice", ["finished"], { limitMs: 400_000 });
    expect(supervisor.audit("checkpoint.rejected")).toEqual([]);
    const step = /resumed at step (\d+)/.exec(log())?.[1];
    expect(Number(step)).toBeGreaterThan(0);
    const whole = await endOf(start(voice, argumentsOf(shape), plainEnvironment()));
    expect(hashIn(log())).toBe(hashIn(whole.output));
  },
);

testWith(torch)("a rank that hangs fails the others after their timeout, and both go on", LIMIT, async () => {
  const often = { checkpoint: { everyMinutes: 0.01 } };
  const command = [...voice, ...argumentsOf({ ...endless, workers: 0 }), "--timeout", "5"];
  supervisor = await new RealSupervisor(train(command, often)).start();
  await supervisor.shows("a checkpoint", ({ jobs: [job] }) => job?.checkpoint);
  const victim = await until("rank 1", () => reports().find(({ rank }) => rank === 1));
  process.kill(victim.pid, "SIGSTOP");
  await supervisor.recorded("job.failed", "voice");
  await until("the next run to go on", () => /resumed at step \d+/.test(log()));
});

testWith(python)("a rank that dies unnoticed by the others is an event", LIMIT, async () => {
  const rank = (n: number): string => `RANK=${n} WORLD_SIZE=2 ${pythonChild("python-rank.py").join(" ")} &`;
  supervisor = await new RealSupervisor(train(["bash", "-c", `${rank(0)} ${rank(1)} wait`])).start();
  const victim = await until("both ranks", () => reports().length === 2 && reports()[1]);
  await supervisor.shows("them to be seen", ({ jobs }) => jobs[0]?.progress);
  // Of these the last has begun after both had reported.
  await supervisor.ticks(2);
  process.kill(victim.pid, "SIGKILL");
  const told = await supervisor.recorded("job.stalled");
  expect(told.reason).toContain(`Rank ${victim.rank} (pid ${victim.pid}) has died`);
});

testWith(torch)("another number of ranks is refused, and says how to go on", LIMIT, async () => {
  supervisor = await new RealSupervisor(train([...voice, ...argumentsOf(endless)])).start();
  await training(3);
  expect(supervisor.say("pause", "voice").code).toBe(0);
  const single = [pythonPath, MAIN, ...argumentsOf({ ...endless, ranks: 1 })];
  supervisor.configure(train(single, { restart: { onFailure: false } }));
  await supervisor.recorded("config.changed");
  supervisor.say("resume", "voice");
  await supervisor.reaches("voice", ["failed"]);
  expect(log()).toContain("was written by 2 ranks, not 1: run as many");
});

/** Two ranks by plain environment; each waits so many seconds before it asks for the group. */
function joining(port: number, ...seconds: [number, number]): string[] {
  const [python, script] = pythonChild("python-join.py");
  const rank = (n: number): string =>
    `RANK=${n} WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=${port} ${python} ${script} ${seconds[n]} & p${n}=$!;`;
  return ["bash", "-c", `${rank(0)} ${rank(1)} wait $p0; a=$?; wait $p1; exit $a`];
}

describe("a pause while the ranks still join", () => {
  testWith(torch).each([
    ["the store comes late", [8, 0]],
    ["a rank comes late", [0, 8]],
  ] as const)("interrupts nothing: %s", LIMIT, async (_, [first, second]) => {
    supervisor = await new RealSupervisor(
      train(joining(29_000 + (process.pid % 900), first, second)),
    ).start();
    await until("one rank to wait for the other", () => /^joins$/m.test(log()));
    expect(supervisor.say("pause", "voice")).toMatchObject({ code: 0 });
    const paused = await supervisor.recorded("pause.completed", "voice");
    expect(paused.reason).toContain("of all 2 ranks saved");
    expect(supervisor.audit("job.failed")).toEqual([]);
    expect(log()).not.toMatch(/Interrupted|Error/);
  });
});

describe("several ranks that don't report", () => {
  const one = (n: number): string =>
    `RANK=${n} WORLD_SIZE=2 ${process.execPath} -e 'setInterval(()=>{},999)' &`;
  const ranks = ["bash", "-c", `${one(0)} ${one(1)} wait`];
  const known = () => supervisor.shows("its ranks", ({ jobs }) => jobs[0]?.why.room?.startsWith("ranks"));

  test("are never frozen, and are told how they can be ended", LIMIT, async () => {
    supervisor = await new RealSupervisor(train(ranks)).start();
    await known();
    expect(supervisor.say("why", "voice").out.replaceAll(/\s+/g, " ")).toContain("it makes no room");
    for (const how of [[], ["--freeze"]]) {
      const said = supervisor.say("pause", "voice", ...how);
      expect([said.code, said.err]).toEqual([
        expect.any(Number),
        expect.stringContaining("has several ranks"),
      ]);
      expect(said.code).toBeGreaterThan(0);
    }
    const stopped = supervisor.say("stop");
    expect(stopped).toMatchObject({
      code: 1,
      out: expect.stringContaining("can't be paused, and is left running"),
    });
  });

  test("are ended when their grace is over, where that is configured", LIMIT, async () => {
    const pause = { graceSeconds: 1, onTimeout: "terminate" };
    supervisor = await new RealSupervisor(train(ranks, { pause })).start();
    await known();
    expect(supervisor.say("pause", "voice")).toMatchObject({
      code: 1,
      out: expect.stringContaining("how many steps are lost isn't known"),
    });
    expect(supervisor.audit("pause.forced")[0]?.outcome).toMatchObject({ method: "terminate" });
  });
});
