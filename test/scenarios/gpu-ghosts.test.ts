/**
 * Whole supervisors over a driver that goes on listing what has ended, or holds memory for nobody.
 * Covers: src/decide/sharing/gpu-memory.ts, src/decide/lifecycle/end/shortage.ts, src/decide/why/ways-out.ts
 */
import { afterEach, expect, it } from "vitest";
import type { AuditEvent } from "../../src/model/event.ts";
import { FakeNvml } from "../fakes/nvml/fake.ts";
import { compiler, describeWith } from "../needs.ts";
import { STEPS } from "./gpu-material.ts";
import { RealSupervisor, until } from "./real-supervisor.ts";

let supervisor: RealSupervisor;
let driver: FakeNvml;
afterEach(async () => {
  await supervisor.close();
  driver.close();
});

async function start(jobs: object[]): Promise<void> {
  driver = new FakeNvml({ gpus: [{ util: 0, used: 600 }] });
  supervisor = await new RealSupervisor({ jobs, balance: { settleSeconds: 0 } }, driver.env).start();
}

describeWith(compiler)("a driver that holds on to what has ended (needs a C compiler)", () => {
  it("is named with pid and GPU, and the way out that is printed works", async () => {
    await start([{ name: "train", command: STEPS }]);
    await supervisor.reaches("train", ["running"]);
    const { pid } = supervisor.job("train");
    const ghost = { gpu: 0, pid: pid as number, memory: 7168, ghost: 1 };
    driver.set({ gpus: [{ used: 7900 }], processes: [ghost] });
    await supervisor.shows("its memory", ({ gpus }) => gpus[0]?.processes[0]?.gpuMemoryMiB === 7168);
    const told = `Its processes have ended, but the driver still lists pid ${pid} with 7.0 GiB on GPU 0`;
    const asked = supervisor.say("pause", "train");
    expect(asked.code).toBe(1);
    expect(asked.out).toContain(told);
    expect(supervisor.say("why", "train").out).toContain(told);
    const way = /supervisor (pause train --terminate) +ends the wait for the driver/.exec(asked.out)?.[1];
    expect(way).toBeDefined();
    expect(supervisor.say(...(way as string).split(" ")).code).toBe(0);
    expect(supervisor.job("train").state).toBe("paused");
    expect(supervisor.audit("pause.completed").at(-1)?.outcome).toMatchObject({
      vramVerified: false,
      vramReason: `the driver still lists pid ${pid} on GPU 0`,
      stepsLost: 0,
    });
  });

  it("at a stop leaves a job that has ended, not one that runs", async () => {
    await start([{ name: "train", command: STEPS }]);
    await supervisor.reaches("train", ["running"]);
    const { pid } = supervisor.job("train");
    driver.set({ processes: [{ gpu: 0, pid: pid as number, memory: 3072, ghost: 1 }] });
    await supervisor.shows("its memory", ({ gpus }) => gpus[0]?.processes[0]?.gpuMemoryMiB === 3072);
    const { out } = supervisor.say("stop");
    expect(out).toContain(
      `train has ended, but the driver still lists pid ${pid} with 3.0 GiB on GPU 0. The next start looks again.`,
    );
    expect(out).not.toContain("left running");
  });

  it("with memory that nobody is listed for makes a job wait that runs out of it, until that is less", async () => {
    const says = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 4.00 GiB.";
    const script = `if [ -e once ]; then sleep 1000; fi; touch once; sleep 2; echo '${says}' >&2; exit 1`;
    driver = new FakeNvml({ gpus: [{ util: 0, used: 20_600 }] });
    const restart = { backoffSeconds: 0.2 };
    const job = { name: "train", command: ["sh", "-c", script], restart };
    supervisor = await new RealSupervisor({ jobs: [job] }, driver.env).start();
    const short = await supervisor.recorded("job.stalled", "train");
    expect(short.reason).toContain(says);
    expect(short.reason).toContain("nobody that is listed held 20.1 GiB");
    await supervisor.shows("what it waits for", ({ jobs }) =>
      jobs[0]?.why.summary.includes("20.1 GiB are held by nobody that is listed"),
    );
    expect(supervisor.audit("job.failed")).toEqual([]);
    driver.set({ gpus: [{ used: 9000 }] });
    await supervisor.reaches("train", ["running"]);
  });

  it("a job that runs out of memory alone keeps the driver's words, and isn't tried again within seconds", async () => {
    const says = "RuntimeError: CUDA error: out of memory";
    await start([
      {
        name: "train",
        command: ["sh", "-c", `echo '${says}' >&2; exit 3`],
        restart: { backoffSeconds: 0.1 },
      },
    ]);
    const failed = await supervisor.recorded("job.failed", "train");
    const toldMs = performance.now();
    expect(failed.reason).toBe(
      `Run 1 ran out of GPU memory (“${says}”) and ended with exit code 3. It is tried again in 30 s (failure 1 of at most 3 in a row).`,
    );
    await supervisor.ticks(12);
    // On a starved machine the thirty seconds may be over.
    const sinceMs = ({ at }: AuditEvent): number => Date.parse(at) - Date.parse(failed.at);
    const again = supervisor.audit("job.started").map(sinceMs);
    expect(again.filter((ms) => ms > 0 && ms < 29_000)).toEqual([]);
    supervisor.say("resume", "train", "--no-wait");
    await until("another run", () => supervisor.audit("job.started").length > again.length);
    const next = supervisor.audit("job.started").map(sinceMs)[again.length] ?? 0;
    if (again.length === 1 && performance.now() - toldMs < 25_000) expect(next).toBeLessThan(29_000);
  });
});
