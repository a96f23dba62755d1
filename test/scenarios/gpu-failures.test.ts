/**
 * Whole supervisors over drivers that fail in every way: what is said, that nothing is paused or resumed
 * from garbage, that other GPUs go on, and that no tick ever waits.
 */
import { afterEach, expect, it } from "vitest";
import { type Driver, type FakeMachine, FakeNvml, type FakeProcess } from "../fakes/nvml/fake.ts";
import { compiler, describeWith } from "../needs.ts";
import { variants } from "../rounds.ts";
import { jobOn, OTHERS } from "./gpu-material.ts";
import { RealSupervisor, tickOf, until } from "./real-supervisor.ts";

const POLL_MS = 250;
const POWER = { name: "power", metric: "gpu.power", above: 440, clear: { below: 400 } };

let supervisor: RealSupervisor;
let driver: FakeNvml;
afterEach(async () => {
  await supervisor.close();
  driver.close();
});

async function start(machine: FakeMachine, kind: Driver = "current"): Promise<void> {
  driver = new FakeNvml(machine, kind);
  const jobs = [jobOn(0, "left"), jobOn(1, "right")];
  const config = { rules: [OTHERS, POWER], balance: { settleSeconds: 0, backoffSeconds: 0.1 }, jobs };
  supervisor = await new RealSupervisor({ pollSeconds: POLL_MS / 1000, ...config }, driver.env).start();
}

const working = (): FakeProcess[] =>
  ["left", "right"].flatMap((name, gpu) => {
    const { pid } = supervisor.job(name);
    return pid === null ? [] : [{ gpu, pid, memory: 8000, sm: 97 }];
  });

type Metric = "gpu.others.utilization" | "gpu.utilization" | "gpu.power";
/** Waits until the reading is a figure like this one, or unavailable for a reason like this. */
const shows = async (gpu: number, metric: Metric, wanted: number | RegExp): Promise<void> => {
  await supervisor.shows(`GPU ${gpu} to show ${metric} as ${wanted}`, ({ gpus }) => {
    const found = gpus[gpu]?.metrics[metric];
    if (found === undefined) throw new Error(JSON.stringify(gpus));
    const good =
      typeof wanted === "number"
        ? "value" in found && found.value === wanted
        : "unavailable" in found && wanted.test(found.unavailable);
    if (!good) throw new Error(JSON.stringify(found));
    return true;
  });
};

const events = (kind: string): string[] => supervisor.audit(kind).map(({ reason }) => reason);
const states = (): string[] => supervisor.snapshot().jobs.map(({ state }) => state);

describeWith(compiler)("a whole supervisor (needs a C compiler)", () => {
  it("lives through a driver that won't open, garbage, lost GPUs, missing fields, WDDM and slowness", async () => {
    // A failed init: the jobs wait, and say for what.
    await start({
      gpus: [
        { util: 0, used: 500 },
        { util: 0, used: 500 },
      ],
      also: ["fail nvmlInitWithFlags 999", "fail nvmlDeviceGetPowerUsage@0 3"],
    });
    await until("the reason", () => /NVML 999/.test(supervisor.job("left").why.summary));
    expect(states()).toEqual(["waiting", "waiting"]);
    const lacking = ["fail nvmlDeviceGetPowerUsage@0 3"];
    driver.set({ also: lacking });
    await supervisor.steps("left", 0);
    await supervisor.steps("right", 0);

    // A field that the GPU doesn't have: a reason, no pause, and no lost sensor.
    const busy = { util: 97, used: 8500 };
    driver.set({ gpus: [busy, busy], processes: working() });
    await shows(0, "gpu.power", /doesn't support it/);
    await shows(1, "gpu.power", 60);
    expect(events("sensor.lost").filter((reason) => reason.startsWith("gpu.power on GPU 0"))).toEqual([]);

    // Senseless samples, in front of our own: nobody else is seen to use anything.
    driver.set({ also: [...lacking, "garbage 0 120", "garbage 1 120"] });
    await supervisor.ticks(20);
    await shows(0, "gpu.others.utilization", 0);
    await shows(1, "gpu.others.utilization", 0);

    // A slow machine loses a sensor, too: a reading of a few seconds ago is too old.
    const told = () =>
      supervisor
        .audit()
        .filter(
          ({ kind, reason }) =>
            kind.startsWith("sensor.") && reason.startsWith("gpu.others.utilization on GPU 1 "),
        );
    const isLost = (): boolean => told().at(-1)?.kind === "sensor.lost";
    // A lost GPU: the other one goes on, also in what others use of it.
    driver.set({ also: [...lacking, "fail *@1 15", "fail nvmlDeviceGetHandleByIndex_v2@1 999"] });
    await shows(1, "gpu.others.utilization", /lost|NVML 999/);
    await until("the loss to be told", isLost);
    await shows(0, "gpu.others.utilization", 0);
    await supervisor.ticks(12);
    expect(states()).toEqual(["running", "running"]);
    driver.set({ also: lacking });
    await shows(1, "gpu.others.utilization", 0);
    await until("its recovery to be told", () => !isLost());
    const all = told();
    const turns = all.slice(all.findIndex(({ kind }) => kind === "sensor.lost"));
    expect(turns.map(({ kind }) => kind)).toEqual(
      turns.map((_, at) => (at % 2 ? "sensor.recovered" : "sensor.lost")),
    );
    const losses = turns.filter(({ kind }) => kind === "sensor.lost").map(({ reason }) => reason);
    const byFault = losses.filter((reason) => /lost|NVML 999/.test(reason.slice(reason.indexOf(":")))).length;
    expect(byFault).toBeLessThanOrEqual(1);
    // The loss of a stalled reader that was open when the fault came stands for it.
    if (byFault === 0) expect(losses.at(-1)).toMatch(/ old\.|hasn't answered|has failed/);

    // Under WDDM pids may be of another system: what they use is nobody's, however much it is.
    const stranger = supervisor.outsider("sleep", "1000");
    const game = { gpu: 0, pid: stranger.pid as number, sm: 90 };
    driver.set({ processes: [...working(), game].map((one) => ({ ...one, memory: -1 })) });
    await shows(0, "gpu.others.utilization", /WDDM/);
    await supervisor.ticks(12);
    expect(states()).toEqual(["running", "running"]);
    driver.set({ processes: working() });
    await shows(0, "gpu.others.utilization", 0);

    // A driver that takes its time, less than would be given up: old readings, and ticks as ever.
    driver.set({ also: [...lacking, "delay nvmlDeviceGetUtilizationRates@0 2000"] });
    const late = new Set<number>();
    await supervisor.shows("ticks that show an old reading", (seen) => {
      const found = seen.gpus[0]?.metrics["gpu.utilization"];
      const at = tickOf(seen);
      if (found && "value" in found && at - found.atMs > 4 * POLL_MS) late.add(at);
      return late.size > 2;
    });
    await supervisor.ticks(20);
    driver.set({ also: lacking });
    await supervisor.ticks(12);
    expect(events("pause.requested")).toEqual([]);
    expect(events("resume.requested")).toEqual([]);

    // What was recovered counts: another process's use of GPU 1 pauses the job there, by name.
    driver.set({ processes: [...working(), { ...game, gpu: 1, memory: 700 }] });
    await supervisor.reaches("right", ["paused"]);
    expect(supervisor.audit("pause.requested")).toMatchObject([
      { job: "right", evidence: { gpu: "GPU-fake-1", processes: [{ pid: stranger.pid }] } },
    ]);
    // Blind while it waits: that isn't headroom.
    driver.set({
      also: [...lacking, "fail *@1 15", "fail nvmlDeviceGetHandleByIndex_v2@1 999"],
      processes: [],
    });
    await shows(1, "gpu.others.utilization", /lost|NVML 999/);
    await supervisor.end(stranger);
    await supervisor.ticks(20);
    expect(supervisor.job("right").state).toBe("paused");
    driver.set({ also: lacking, gpus: [busy, { util: 0, used: 500 }] });
    await supervisor.reaches("right", ["running"]);
    expect(states()).toEqual(["running", "running"]);
  });

  it.each(variants(["stride-32", "without-v3"] as const))(
    "names the right process over a driver %s, and its end resumes the job",
    async (kind) => {
      await start({ gpus: [{ used: 500 }, { used: 500 }] }, kind);
      await supervisor.steps("left", 0);
      await supervisor.steps("right", 0);
      const idle = supervisor.outsider("sleep", "1000");
      const game = supervisor.outsider("sleep", "1000");
      const before = [{ gpu: 0, pid: idle.pid as number, memory: 123, sm: 0 }, ...working()];
      driver.set({
        gpus: [
          { util: 97, used: 9123 },
          { util: 97, used: 8500 },
        ],
        processes: before,
      });
      await shows(0, "gpu.others.utilization", 0);
      await supervisor.ticks(12);
      expect(states()).toEqual(["running", "running"]);
      driver.set({ processes: [...before, { gpu: 0, pid: game.pid as number, memory: 456, sm: 60 }] });
      await supervisor.reaches("left", ["paused"]);
      expect(supervisor.job("right").state).toBe("running");
      const [asked, ...more] = supervisor.audit("pause.requested");
      expect(more).toEqual([]);
      expect(asked?.evidence?.processes).toEqual([
        expect.objectContaining({ pid: game.pid, gpuPercent: 60, gpuMemoryMiB: 456 }),
      ]);
      await supervisor.end(game);
      await supervisor.reaches("left", ["running"]);
    },
  );
});
