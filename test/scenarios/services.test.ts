/**
 * A whole supervisor beside a server that somebody else has started: it is asked for its memory, believed when the GPU
 * shows it gone, and outlives the supervisor.
 * Covers: src/servers/services.ts, src/decide/lifecycle/service/follow.ts
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { FakeNvml } from "../fakes/nvml/fake.ts";
import { freePorts } from "../free-port.ts";
import { compiler, describeWith } from "../needs.ts";
import { until } from "../until.ts";
import { STEPS } from "./gpu-material.ts";
import { alive, RealSupervisor } from "./real-supervisor.ts";

const PROGRAM = join(import.meta.dirname, "../fakes/inference-server.ts");

let driver: FakeNvml;
let supervisor: RealSupervisor;
let port: number;
let server: ChildProcess | null;

/** The server, as systemd or a person would start it. */
async function begin(kind: string): Promise<number> {
  const words = [PROGRAM, kind, String(port), "8000", "700"];
  const env = { ...process.env, ...driver.env };
  server = spawn(process.execPath, words, { env, stdio: "ignore", detached: true });
  await until("the server to answer", () => fetch(`http://127.0.0.1:${port}/asked`));
  return server.pid as number;
}

async function end(): Promise<void> {
  if (server?.exitCode !== null || server.signalCode !== null) return;
  const gone = once(server, "exit");
  server.kill("SIGKILL");
  await gone;
}

async function supervise(kind: string, pause: object, llm: object = {}): Promise<void> {
  port = await freePorts(1);
  driver = new FakeNvml({ gpus: [{ util: 0, used: 500 }] });
  const url = `http://127.0.0.1:${port}`;
  const asked = { method: "http", server: kind, url, drainedSeconds: 0.2, ...pause };
  const config = {
    balance: { settleSeconds: 0, backoffSeconds: 0.1 },
    jobs: [
      { name: "llm", service: true, gpuIds: [0], priority: 9, pause: asked, ...llm },
      { name: "train", gpuIds: [0], gpuMemoryMiB: 20_000, command: STEPS },
    ],
  };
  supervisor = new RealSupervisor(config, driver.env);
}

afterEach(async () => {
  await supervisor.close();
  await end();
  driver.close();
});

const seenHolding = (miB: number) =>
  supervisor.shows(`${miB} MiB of ours`, ({ gpus, jobs }) => {
    const runId = jobs.find(({ name }) => name === "llm")?.runId;
    return runId != null && gpus[0]?.processes.some((one) => one.gpuMemoryMiB === miB && one.ours === runId);
  });

describeWith(compiler)("a service (needs a C compiler)", () => {
  it("gives its memory to a training job, is remembered through a crash, and comes back", async () => {
    await supervise("vllm", {});
    const pid = await begin("vllm");
    await supervisor.start();
    await seenHolding(8000);
    // Its GPU is known a tick after the first report of the driver.
    const serving = await supervisor.shows("it on its GPU", ({ jobs }) =>
      jobs.find((job) => job.name === "llm" && job.state === "serving" && job.gpus.length > 0),
    );
    expect(serving).toMatchObject({ pid, gpus: [0], command: [] });
    await supervisor.reaches("train", ["waiting"]);

    for (const words of [
      ["cancel", "llm"],
      ["pause", "llm", "--terminate"],
    ]) {
      const said = supervisor.say(...words);
      expect(said, words.join(" ")).toMatchObject({
        code: 1,
        err: expect.stringContaining("'llm' is a service"),
      });
    }
    expect(alive(pid)).toBe(true);

    const { code, out, err } = supervisor.say("pause", "llm");
    expect([code, out], err).toEqual([0, expect.stringContaining("its memory released except 700 MiB")]);
    const { outcome } = await supervisor.recorded("pause.completed", "llm");
    expect(outcome).toMatchObject({ shownBy: "gpu", remainderMiB: 700, vramReleasedMiB: 7300 });
    await supervisor.steps("train", 0);

    await supervisor.crash();
    await supervisor.start();
    expect(await supervisor.reaches("llm", ["standby"])).toMatchObject({
      pid,
      why: { server: { released: true } },
    });
    supervisor.say("pause", "train");
    expect(supervisor.say("resume", "llm")).toMatchObject({
      code: 0,
      out: expect.stringContaining("serving"),
    });
    await seenHolding(8000);

    const stopped = supervisor.say("stop");
    expect(stopped).toMatchObject({
      code: 0,
      out: expect.stringContaining("Services are left as they are: llm (serving)"),
    });
    expect(alive(pid)).toBe(true);
  });

  it("that isn't there is looked for, and followed from when it comes until it is gone", async () => {
    await supervise("ollama", { model: "tiny" });
    await supervisor.start();
    const absent = await supervisor.shows("it to be looked for", ({ jobs }) =>
      jobs.find(
        ({ name, why }) => name === "llm" && why.absent?.includes(`Nothing listens at 127.0.0.1:${port}`),
      ),
    );
    expect(absent).toMatchObject({ state: "absent", run: null, pid: null });
    // What isn't there holds nothing.
    await supervisor.steps("train", 0);
    supervisor.say("pause", "train");

    const pid = await begin("ollama");
    expect(await supervisor.reaches("llm", ["serving"])).toMatchObject({ pid, run: 1 });
    expect((await supervisor.recorded("service.found", "llm")).reason).toContain(`pid ${pid}`);
    await end();
    await supervisor.reaches("llm", ["absent"]);
    const again = await begin("ollama");
    expect(await supervisor.reaches("llm", ["serving"])).toMatchObject({ pid: again, run: 2 });
  });
});
