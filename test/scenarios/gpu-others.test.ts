/** Whole supervisors over a fake driver: whose use of which GPU makes which job go, and come back. */
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { FakeNvml, type FakeProcess } from "../fakes/nvml/fake.ts";
import { compiler, describeWith } from "../needs.ts";
import { CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

const OTHERS = {
  name: "somebody else computes on the GPU",
  metric: "gpu.others.utilization",
  above: 25,
  forSeconds: 1,
  clear: { below: 10, forSeconds: 1 },
};

let supervisor: RealSupervisor;
let driver: FakeNvml;
afterEach(async () => {
  await supervisor.close();
  driver.close();
});

const job = (name: string, gpu: number): object => ({
  name,
  gpuIds: [gpu],
  command: ["node", join(CHILDREN, "count-steps.ts"), "--ms", "20"],
});

async function start(config: Record<string, unknown>, gpus = 2): Promise<void> {
  driver = new FakeNvml({ gpus: Array.from({ length: gpus }, () => ({ util: 0, used: 500 })) });
  supervisor = await new RealSupervisor(
    { rules: [OTHERS], balance: { settleSeconds: 0 }, ...config },
    driver.env,
  ).start();
}

/** Each running job computes on its GPU at 100 %, as jobs do. */
const working = (...names: string[]): FakeProcess[] =>
  names.map((name, gpu) => ({ gpu, pid: supervisor.job(name).pid ?? 0, memory: 8000, sm: 97 }));

const gpu = (index: number) => supervisor.snapshot().gpus[index];

describeWith(compiler)(`over a driver of two GPUs (needs a C compiler)`, () => {
  it("another process's use pauses the job on that GPU only, by name, and its end resumes it", async () => {
    await start({ jobs: [job("left", 0), job("right", 1)] });
    await supervisor.reaches("left", ["running"]);
    await supervisor.reaches("right", ["running"]);
    const ours = working("left", "right");
    driver.set({
      gpus: [
        { util: 97, used: 8500 },
        { util: 97, used: 8500 },
      ],
      processes: ours,
    });
    await until("our own use to be seen", () => {
      const [first] = gpu(0)?.processes ?? [];
      return first?.ours !== null && first?.gpuPercent === 97;
    });
    expect(gpu(0)?.metrics["gpu.others.utilization"]).toMatchObject({ value: 0 });

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
    await until("the GPU to show it", () => gpu(0)?.processes.length === 2);
    expect(supervisor.job("left").state).toBe("paused");
    expect(supervisor.say("why", "left").out).toContain("sleep");
    driver.set({ processes: [...ours.filter(({ gpu }) => gpu === 1), notebook] });
    await supervisor.end(game);
    await supervisor.reaches("left", ["running"]);
    expect(supervisor.audit("pause.requested")).toHaveLength(1);
    expect(supervisor.audit("rule.misattributed")).toEqual([]);
  });
});
