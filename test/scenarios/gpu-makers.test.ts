/**
 * Whole supervisors on machines with GPUs of other makers, or of several: which are places for jobs, and
 * what is done where a GPU doesn't tell a figure.
 * Covers: src/sense/gpu/reader/readers.ts, src/sense/gpu/source.ts, src/sense/gpu/inherited-limits.ts
 */
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { FakeNvml } from "../fakes/nvml/fake.ts";
import { FakeSys } from "../fakes/sysfs.ts";
import { compiler, describeWith } from "../needs.ts";
import { OTHERS, STEPS } from "./gpu-material.ts";
import { RealSupervisor, until } from "./real-supervisor.ts";

const GIB = 1024 ** 3;
const INTEGRATED = "0000:00:02.0";
let supervisor: RealSupervisor | null = null;
let sys: FakeSys | null = null;
let driver: FakeNvml | null = null;
const ends: (() => void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await supervisor?.close();
  driver?.close();
  sys?.close();
  supervisor = driver = sys = null;
});

const machine = (): FakeSys => {
  sys = new FakeSys();
  return sys;
};
async function start(config: Record<string, unknown>, env: NodeJS.ProcessEnv): Promise<RealSupervisor> {
  const claims = { GPU_JOB_SUPERVISOR_CLAIMS: join((sys as FakeSys).root, "claims") };
  const quick = { balance: { settleSeconds: 0, backoffSeconds: 0.1 } };
  supervisor = await new RealSupervisor({ ...quick, ...config }, { ...claims, ...env }).start();
  return supervisor;
}
const steps = (name: string, more: object = {}) => ({ name, command: STEPS, ...more });
const ENVIRONMENT = ["node", "-e", "console.log(JSON.stringify(process.env)); setInterval(() => {}, 1000)"];
async function environmentOf(name: string): Promise<Record<string, string>> {
  return await until("its environment", () => {
    const line = supervisor
      ?.say("logs", name)
      .out.split("\n")
      .find((one) => one.startsWith("{"));
    return line === undefined ? null : JSON.parse(line);
  });
}

describe("a laptop with only an integrated GPU", () => {
  it("runs two jobs on the processor at once with the shipped rules, and a video player pauses neither", async () => {
    const laptop = machine();
    laptop.card({ driver: "i915", address: INTEGRATED });
    const jobs = [steps("wav2vec"), steps("vocoder")];
    const house = await start({ rules: undefined, jobs }, laptop.env);
    await house.reaches("wav2vec", ["running"]);
    await house.reaches("vocoder", ["running"]);

    const player = house.outsider("sleep", "1000");
    const began = performance.now();
    const plays = (): void =>
      laptop.open(player.pid as number, 12, "i915", INTEGRATED, {
        "resident-system0": "420 MiB",
        "engine-video": `${Math.round((performance.now() - began) * 0.71e6)} ns`,
      });
    plays();
    const timer = setInterval(plays, 100);
    ends.push(() => clearInterval(timer));
    // Its rules work: it is in pressure, and nobody is on it.
    const busy = "somebody else computes on the GPU";
    await house.shows("its pressure", ({ rules }) =>
      rules.some(({ rule, firm }) => rule.name === busy && firm === "pressure"),
    );
    const told = house.audit("rule.pressure").find(({ actor }) => actor === `rule:${busy}`);
    expect(told?.reason).toContain("sleep");
    await house.ticks(12);
    expect(house.snapshot().jobs.map(({ state, gpus }) => [state, gpus])).toEqual([
      ["running", []],
      ["running", []],
    ]);
    expect(house.audit("pause.requested")).toEqual([]);
    expect(house.snapshot().gpus).toMatchObject([{ index: 0, integrated: true, source: "i915" }]);
  });

  it("places a job there that names it, tells it so, and pauses it for others", async () => {
    const laptop = machine();
    const device = laptop.card({
      driver: "amdgpu",
      address: "0000:04:00.0",
      files: {
        gpu_busy_percent: 0,
        mem_info_vram_total: GIB,
        mem_info_vram_used: GIB / 2,
        mem_info_gtt_total: 8 * GIB,
        mem_info_gtt_used: GIB,
      },
    });
    laptop.metrics(device, 2);
    laptop.kfdNode(1, 5150, "0400");
    const jobs = [{ name: "named", command: ENVIRONMENT, gpuIds: [0] }, steps("wants", { gpus: 1 })];
    const house = await start({ rules: [OTHERS], jobs }, laptop.env);
    expect(await environmentOf("named")).toMatchObject({
      ROCR_VISIBLE_DEVICES: "0",
      HIP_VISIBLE_DEVICES: "0",
      CUDA_VISIBLE_DEVICES: "",
    });
    expect(house.job("wants").why.summary).toContain(
      'GPU 0 is integrated, and taken only when "gpuIds" names it',
    );
    const game = house.outsider("sleep", "1000");
    const began = performance.now();
    const plays = (): void =>
      laptop.open(game.pid as number, 7, "amdgpu", "0000:04:00.0", {
        "memory-vram": "300 MiB",
        "engine-gfx": `${Math.round((performance.now() - began) * 0.9e6)} ns`,
      });
    const timer = setInterval(plays, 50);
    ends.push(() => clearInterval(timer));
    const asked = await house.recorded("pause.requested", "named");
    expect(asked.evidence?.processes).toMatchObject([{ pid: game.pid }]);
  });
});

describe("an integrated GPU beside a sleeping NVIDIA GPU", () => {
  it("is read, keeps its number, and the sleeper is said to sleep", async () => {
    const laptop = machine();
    laptop.card({ driver: "i915", address: INTEGRATED });
    laptop.nvidia("0000:01:00.0", "suspended");
    const house = await start({ jobs: [steps("cpu"), steps("wants", { gpus: 1 })] }, laptop.env);
    await house.reaches("cpu", ["running"]);
    await house.shows("the integrated GPU", ({ gpus }) => gpus.length === 1);
    const { gpus, gpusUnavailable } = house.snapshot();
    expect(gpus).toMatchObject([{ index: 1, uuid: `Intel-${INTEGRATED}` }]);
    expect(gpusUnavailable).toMatch(/NVIDIA GPU sleeps/);
    expect(house.job("wants").why.summary).toContain("NVIDIA GPU sleeps");
  });
});

describeWith(compiler)("GPUs of several makers (needs a C compiler)", () => {
  it("are read together, numbered NVIDIA's first; a job gets one of the first maker's", async () => {
    const desk = machine();
    desk.card({
      driver: "amdgpu",
      address: "0000:0a:00.0",
      files: { mem_info_vram_total: 16 * GIB, mem_info_vram_used: GIB, mem_busy_percent: 0 },
    });
    desk.kfdNode(1, 6161, "0a00");
    desk.nvidia("0000:01:00.0", "active");
    desk.card({ driver: "i915", address: INTEGRATED });
    driver = new FakeNvml({ gpus: [{ util: 0, used: 300 }] });
    const jobs = [
      steps("any", { priority: 5 }),
      steps("another"),
      { name: "red", command: ENVIRONMENT, gpuIds: [1] },
    ];
    const house = await start({ jobs }, { ...driver.env, ...desk.env });
    await house.reaches("any", ["running"]);
    await house.reaches("red", ["running"]);
    await house.shows("all GPUs", ({ gpus }) => gpus.length === 3);
    expect(house.snapshot().gpus.map(({ index, source }) => [index, source])).toEqual([
      [0, "NVML"],
      [1, "amdgpu"],
      [2, "i915"],
    ]);
    expect(house.job("any").gpus).toEqual([0]);
    expect(house.job("another").why.summary).toContain("GPU 0 is held by 'any'");
    expect(await environmentOf("red")).toMatchObject({ ROCR_VISIBLE_DEVICES: "0" });
    const page = house.say("doctor").out;
    expect(page).toMatch(/GPUs: by nvml, driver \S+ and the kernel/);
    for (const line of [/^GPU 0 .*by NVML/m, /^GPU 1 .*by amdgpu/m, /^GPU 2 .*by i915/m])
      expect(page).toMatch(line);
    expect(page).toContain("integrated: a job goes there only where its gpuIds name it");
  });

  it("outside of what the supervisor was started with aren't given to jobs", async () => {
    machine();
    driver = new FakeNvml({ gpus: [{ used: 300 }, { used: 300 }, { used: 300 }] });
    const jobs = [
      { name: "any", command: ENVIRONMENT, gpuNames: "index" },
      steps("more"),
      steps("named", { gpuIds: [0] }),
    ];
    const house = await start({ jobs }, { ...driver.env, CUDA_VISIBLE_DEVICES: "1" });
    await house.reaches("any", ["running"]);
    expect(house.job("any").gpus).toEqual([1]);
    expect(await environmentOf("any")).toMatchObject({
      CUDA_VISIBLE_DEVICES: "1",
      CUDA_DEVICE_ORDER: "PCI_BUS_ID",
    });
    expect(house.job("more").why.summary).toContain("GPU 1 is held by 'any'");
    expect(house.job("named").why.summary).toContain(
      "GPU 0 is out of reach: the supervisor was started with CUDA_VISIBLE_DEVICES=1",
    );
  });

  it("whose memory is the machine's take a job again that once held some, and pause it without delay", async () => {
    machine();
    const also = ["fail nvmlDeviceGetMemoryInfo_v2 3", "fail nvmlDeviceGetMemoryInfo 3"];
    driver = new FakeNvml({ gpus: [{ util: 0 }], also });
    const careful = steps("careful", { gpuMemoryMiB: 5000, priority: -1 });
    const house = await start({ jobs: [steps("train"), careful] }, driver.env);
    await house.reaches("train", ["running"]);
    const held = { gpu: 0, pid: house.job("train").pid as number, memory: 21_000, sm: 60 };
    driver.set({ processes: [held] });
    await house.shows("its memory", ({ gpus }) => gpus[0]?.processes[0]?.gpuMemoryMiB === 21_000);
    expect(house.say("pause", "train").code).toBe(0);
    const { outcome } = await house.recorded("pause.completed", "train");
    expect(outcome).toMatchObject({ vramVerified: true, vramReleasedMiB: 21_000, vramFreeRoseMiB: null });
    expect(house.job("careful").why.summary).toMatch(
      /its gpuMemoryMiB asks for 4\.9 GiB, but the free memory of GPU 0 is unknown: .*NVML 3/,
    );
    house.say("resume", "train", "--no-wait");
    await house.reaches("train", ["running"]);
  });
});
