/**
 * Whole supervisors over a fake driver: rules on GPU memory, a job that runs out of it, and what isn't given back.
 * Covers: src/decide/sharing/gpu-view.ts, src/runs/observe/out-of-gpu-memory.ts
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { FakeNvml, type FakeProcess } from "../fakes/nvml/fake.ts";
import { compiler, describeWith } from "../needs.ts";
import { jobOn, OTHERS, STEPS } from "./gpu-material.ts";
import { RealSupervisor } from "./real-supervisor.ts";

let supervisor: RealSupervisor;
let driver: FakeNvml;
afterEach(async () => {
  await supervisor.close();
  driver.close();
});

async function start(config: Record<string, unknown>, gpus: number): Promise<void> {
  driver = new FakeNvml({ gpus: Array.from({ length: gpus }, () => ({ util: 0, used: 500 })) });
  const balance = { settleSeconds: 0, backoffSeconds: 0.1, maxPauseOverhead: 0.9 };
  supervisor = await new RealSupervisor({ balance, ...config }, driver.env).start();
}

const on = (gpu: number, name: string, more: Partial<FakeProcess> = {}): FakeProcess[] => {
  const { pid } = supervisor.job(name);
  return pid === null ? [] : [{ gpu, pid, memory: 8000, sm: 97, ...more }];
};

function stranger(gpu: number, memory: number, sm = 0) {
  const child = supervisor.outsider("sleep", "1000");
  return { child, entry: { gpu, pid: child.pid as number, memory, sm } };
}

describeWith(compiler)("GPU memory (needs a C compiler)", () => {
  it("rules on what others hold and on what is free pause the job on that GPU, and let it go on", async () => {
    const held = {
      name: "others hold it",
      metric: "gpu.others.memoryMiB",
      above: 6000,
      clear: { below: 1000 },
    };
    const free = { name: "nearly full", metric: "gpu.memory.freeMiB", below: 2000, clear: { above: 4000 } };
    const jobs = ["left", "right"].map((name, gpu) => jobOn(gpu, name));
    await start({ rules: [held, free], jobs }, 2);
    await supervisor.reaches("left", ["running"]);
    await supervisor.reaches("right", ["running"]);
    const ours = [...on(0, "left"), ...on(1, "right")];
    driver.set({ gpus: [{ used: 8500 }, { used: 8500 }], processes: ours });
    await supervisor.shows(
      "our memory to be seen",
      ({ gpus }) => gpus[0]?.processes[0]?.gpuMemoryMiB === 8000,
    );
    await supervisor.ticks(12);
    expect(supervisor.audit("pause.requested")).toEqual([]);

    const notebook = stranger(0, 7000);
    driver.set({ gpus: [{ used: 15_500 }, { used: 8500 }], processes: [...ours, notebook.entry] });
    await supervisor.reaches("left", ["paused"]);
    expect(supervisor.audit("pause.requested")).toMatchObject([
      {
        job: "left",
        actor: "rule:others hold it",
        evidence: {
          gpu: "GPU-fake-0",
          value: 7000,
          threshold: 6000,
          processes: [{ pid: notebook.entry.pid }],
        },
      },
    ]);
    await supervisor.ticks(12);
    expect(supervisor.job("left").state).toBe("paused");
    await supervisor.end(notebook.child);
    driver.set({ gpus: [{ used: 500 }, { used: 8500 }], processes: ours });
    await supervisor.reaches("left", ["running"]);

    // The whole of it counts, our own use included.
    driver.set({ gpus: [{ used: 500 }, { used: 23_000 }], processes: ours });
    await supervisor.reaches("right", ["paused"]);
    expect(supervisor.job("left").state).toBe("running");
    const full = supervisor.audit("pause.requested").at(-1);
    expect(full).toMatchObject({ job: "right", actor: "rule:nearly full", evidence: { value: 1176 } });
    expect(supervisor.audit("pause.completed").at(-1)?.outcome).toMatchObject({
      method: "checkpoint",
      vramVerified: true,
    });
    driver.set({ gpus: [{ used: 500 }, { used: 500 }] });
    await supervisor.reaches("right", ["running"]);
  });

  it("a job that runs out of it while others hold some waits for them; alone it has failed", async () => {
    const says = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.";
    const script = `while [ ! -e full ]; do sleep 0.05; done; rm full; echo '${says}' >&2; exit 1`;
    const restart = { backoffSeconds: 0.2 };
    const train = { name: "train", command: ["sh", "-c", script], restart };
    await start({ rules: [OTHERS], jobs: [train] }, 1);
    await supervisor.reaches("train", ["running"]);
    const notebook = stranger(0, 9000);
    driver.set({ gpus: [{ used: 9500 }], processes: [notebook.entry] });
    await supervisor.shows("the notebook to be seen", ({ gpus }) => gpus[0]?.processes.length === 1);
    writeFileSync(join(supervisor.directory, "full"), "");
    const short = await supervisor.recorded("job.stalled", "train");
    expect(short.reason).toContain(says);
    expect(short.evidence?.processes).toMatchObject([{ pid: notebook.entry.pid, gpuMemoryMiB: 9000 }]);
    const { state, why } = supervisor.job("train");
    expect([state, why.summary]).toEqual([
      "waiting",
      expect.stringContaining("it has run out of memory on a GPU while others held 8.8 GiB"),
    ]);
    await supervisor.ticks(12);
    expect(supervisor.job("train").state).toBe("waiting");
    expect(supervisor.audit("job.failed")).toEqual([]);
    await supervisor.end(notebook.child);
    driver.set({ gpus: [{ used: 500 }], processes: [] });
    await supervisor.reaches("train", ["running"]);

    await supervisor.shows("the GPU to be seen empty", ({ gpus }) => gpus[0]?.processes.length === 0);
    writeFileSync(join(supervisor.directory, "full"), "");
    expect((await supervisor.recorded("job.failed", "train")).reason).toMatch(/failure 1 of/);
  });

  it("a job whose GPU entry outlives it isn't paused, and no relief, until that is gone", async () => {
    const shared = { shareGpu: true, command: STEPS };
    const jobs = [
      { name: "cheap", priority: 1, ...shared },
      { name: "dear", priority: 9, ...shared },
    ];
    await start({ rules: [OTHERS], jobs }, 1);
    // Until they have reported, a pause freezes them.
    for (const { name } of jobs) await supervisor.steps(name, 0);
    const [ghost] = on(0, "cheap", { ghost: 1, memory: 6000, sm: 40 }) as [FakeProcess];
    const other = on(0, "dear", { memory: 6000, sm: 40 });
    driver.set({ gpus: [{ util: 80, used: 12_500 }], processes: [ghost, ...other] });
    await supervisor.shows("both to be seen", ({ gpus }) => gpus[0]?.processes.length === 2);
    const game = stranger(0, 400, 60);
    driver.set({ processes: [ghost, ...other, game.entry] });

    const stays = await supervisor.recorded("pause.overdue", "cheap");
    expect(stays.reason).toContain(`the driver still lists pid ${ghost.pid} with 5.9 GiB of it on GPU 0`);
    expect(stays.evidence?.leftovers).toMatchObject([{ pid: ghost.pid }]);
    // It gave nothing, so the next one is asked; and it isn't called paused.
    await supervisor.reaches("dear", ["paused"]);
    expect(supervisor.job("cheap").state).toBe("pausing");
    const told = supervisor.audit().filter(({ kind }) => kind.startsWith("pause."));
    expect(told.map(({ kind, job }) => `${kind} ${job}`)).toEqual([
      "pause.requested cheap",
      "pause.overdue cheap",
      "pause.requested dear",
      "pause.completed dear",
    ]);
    driver.set({ gpus: [{ util: 60, used: 900 }], processes: [game.entry] });
    await supervisor.reaches("cheap", ["paused"]);
    expect(supervisor.audit("pause.completed").at(-1)?.outcome).toMatchObject({
      vramVerified: true,
      vramReleasedMiB: 6000,
    });
    await supervisor.end(game.child);
    driver.set({ gpus: [{ used: 500 }], processes: [] });
    await supervisor.reaches("dear", ["running"]);
    await supervisor.reaches("cheap", ["running"]);
  });
});
