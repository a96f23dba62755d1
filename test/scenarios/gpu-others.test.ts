/**
 * Whole supervisors over a fake driver: whose use of which GPU makes which job go, and come back.
 * Covers: src/supervise/apply-config-change.ts
 */
import { afterEach, expect, it } from "vitest";
import { compiler, describeWith } from "../needs.ts";
import { jobOn, OTHERS } from "./gpu-material.ts";
import { tickOf, until } from "./real-supervisor.ts";
import { driver, end, start, supervisor, working } from "./two-gpus.ts";

afterEach(end);

describeWith(compiler)(`over a driver of two GPUs (needs a C compiler)`, () => {
  it("a job that has no GPU hides nobody's use where pids mean nothing, and keeps no other from starting", async () => {
    const cpu = { ...jobOn(0, "cpu"), gpuIds: undefined, gpus: 0 };
    await start({ jobs: [cpu, jobOn(0, "train")] }, 1);
    await supervisor.reaches("cpu", ["running"]);
    await supervisor.reaches("train", ["running"]);
    expect(supervisor.say("pause", "train").code).toBe(0);
    const hidden = { gpu: 0, pid: supervisor.outsider("sleep", "1000").pid as number, memory: -1, sm: 2 };
    driver.set({ gpus: [{ util: 2, used: 640 }], processes: [hidden] });
    await supervisor.shows("its memory", ({ gpus: [one] }) => {
      const used = one?.memoryUsedMiB;
      return used !== undefined && "value" in used && used.value === 640;
    });
    await supervisor.shows("its use", ({ gpus: [one] }) => {
      const used = one?.metrics["gpu.others.utilization"];
      return used !== undefined && "value" in used && used.value === 2;
    });
    expect(supervisor.say("resume", "train", "--no-wait").code).toBe(0);
    await supervisor.reaches("train", ["running"]);
  });

  it("another process's use pauses the job on that GPU only, by name, and its end resumes it", async () => {
    await start({ jobs: [jobOn(0, "left"), jobOn(1, "right")] });
    // Until they have reported, a pause freezes them.
    for (const name of ["left", "right"]) await supervisor.steps(name, 0);
    const ours = working("left", "right");
    driver.set({
      gpus: [
        { util: 97, used: 8500 },
        { util: 97, used: 8500 },
      ],
      processes: ours,
    });
    await supervisor.shows("our own use to be seen", ({ gpus }) => {
      const [first] = gpus[0]?.processes ?? [];
      const others = gpus[0]?.metrics["gpu.others.utilization"];
      return (
        first?.gpuPercent === 97 && first.ours !== null && others && "value" in others && others.value === 0
      );
    });

    const game = supervisor.outsider("sleep", "1000");
    const foreign = { gpu: 0, pid: game.pid as number, kind: "graphics" as const, memory: 400, sm: 60 };
    const idle = supervisor.outsider("sleep", "1000");
    const notebook = { gpu: 0, pid: idle.pid as number, memory: 900, sm: 0 };
    driver.set({ processes: [...ours, foreign, notebook] });
    await supervisor.reaches("left", ["paused"]);
    expect(supervisor.job("right").state).toBe("running");
    const [asked] = supervisor.audit("pause.requested");
    expect(asked).toMatchObject({ job: "left", actor: `rule:${OTHERS.name}` });
    expect(asked?.evidence?.processes).toEqual([
      expect.objectContaining({ pid: game.pid, gpuPercent: 60, gpuMemoryMiB: 400 }),
    ]);
    expect(asked?.reason).toContain("sleep");

    // Our own exit changes nothing for the game; only its end does.
    driver.set({ processes: [...ours.filter(({ gpu }) => gpu === 1), foreign, notebook] });
    const paused = tickOf(await supervisor.look());
    await supervisor.shows("the GPU to show it after the exit", ({ gpus: [one] }) => {
      const others = one?.metrics["gpu.others.utilization"];
      return others && "value" in others && others.atMs > paused && one?.processes.length === 2;
    });
    expect(supervisor.job("left").state).toBe("paused");
    await until("why to name it", () => supervisor.say("why", "left").out.includes("sleep"));
    driver.set({ processes: [...ours.filter(({ gpu }) => gpu === 1), notebook] });
    await supervisor.end(game);
    await supervisor.reaches("left", ["running"]);
    expect(supervisor.audit("pause.requested")).toHaveLength(1);
    expect(supervisor.audit("rule.misattributed")).toEqual([]);
  });

  it("a newcomer's memory pauses the job before it computes; who was there before doesn't", async () => {
    const newcomers = {
      ...OTHERS,
      name: "somebody new needs VRAM",
      metric: "gpu.newcomers.memoryMiB",
      above: 300,
    };
    await start({ rules: [{ ...newcomers, clear: { below: 300, forSeconds: 1 } }], jobs: [] });
    const old = supervisor.outsider("sleep", "1000");
    const before = { gpu: 0, pid: old.pid as number, memory: 5000, sm: 0 };
    driver.set({ processes: [before] });
    supervisor.configure({
      rules: [{ ...newcomers, clear: { below: 300, forSeconds: 1 } }],
      balance: { settleSeconds: 0 },
      jobs: [jobOn(0, "train")],
    });
    await supervisor.reaches("train", ["running"]);
    driver.set({ processes: [before, ...working("train")] });
    await supervisor.ticks(10);
    expect(supervisor.audit("pause.requested")).toEqual([]);
    const game = supervisor.outsider("sleep", "1000");
    const arrived = { gpu: 0, pid: game.pid as number, memory: 412, sm: 0, kind: "graphics" as const };
    driver.set({ gpus: [{ used: 13_400 }, {}], processes: [before, arrived, ...working("train")] });
    await supervisor.reaches("train", ["paused"]);
    const [asked] = supervisor.audit("pause.requested");
    expect(asked?.evidence?.processes).toEqual([
      expect.objectContaining({ pid: game.pid, gpuMemoryMiB: 412 }),
    ]);
    // It stays a newcomer although our run, which it came after, has gone.
    driver.set({ processes: [before, arrived] });
    await supervisor.ticks(20);
    expect(supervisor.job("train").state).toBe("paused");
    // Nor does it become an old one because the supervisor is another.
    await supervisor.crash();
    await supervisor.start();
    await supervisor.shows("the newcomer to be seen", ({ gpus }) => {
      const reading = gpus[0]?.metrics["gpu.newcomers.memoryMiB"];
      return reading && "value" in reading && reading.value === 412;
    });
    await supervisor.ticks(20);
    expect(supervisor.job("train").state).toBe("paused");
    driver.set({ processes: [before] });
    await supervisor.end(game);
    await supervisor.reaches("train", ["running"]);
  });

  it("heat freezes the job on the hot GPU only, and it goes on when that has cooled", async () => {
    const heat = {
      name: "GPU too hot",
      metric: "gpu.temperature",
      above: 90,
      clear: { below: 75 },
      action: "freeze",
    };
    await start({ rules: [heat], jobs: [jobOn(0, "left"), jobOn(1, "right")] });
    await supervisor.reaches("left", ["running"]);
    await supervisor.reaches("right", ["running"]);
    driver.set({ gpus: [{ temp: 60 }, { temp: 91 }] });
    await supervisor.reaches("right", ["frozen"]);
    expect(supervisor.job("left").state).toBe("running");
    expect(supervisor.audit("pause.requested").at(-1)?.evidence).toMatchObject({
      gpu: "GPU-fake-1",
      value: 91,
    });
    driver.set({ gpus: [{ temp: 60 }, { temp: 70 }] });
    await supervisor.reaches("right", ["running"]);
  });

  it("a driver that hangs stalls no tick and pauses nothing; it is told, and its return too", async () => {
    await start({ jobs: [jobOn(0, "left")] });
    await supervisor.reaches("left", ["running"]);
    await supervisor.shows("a reading", ({ gpus }) => gpus[0]?.metrics["gpu.others.utilization"]);
    driver.set({ also: ["hang nvmlDeviceGetUtilizationRates"] });
    const lost = await supervisor.recorded("sensor.lost");
    expect(lost.reason).toMatch(/gpu\.others\.utilization on GPU 0 can't be read/);
    await supervisor.shows("the reason", ({ gpus }) => {
      const reading = gpus[0]?.metrics["gpu.others.utilization"];
      return reading && "unavailable" in reading && /hasn't answered/.test(reading.unavailable);
    });
    // A tick that waited for the driver would never have come back.
    await supervisor.ticks(20);
    expect(supervisor.job("left").state).toBe("running");
    driver.set({ also: [] });
    await supervisor.recorded("sensor.recovered");
    expect(supervisor.audit("pause.requested")).toEqual([]);
  });
});
