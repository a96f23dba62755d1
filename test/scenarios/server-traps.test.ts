/**
 * Servers that don't do as they say: nothing is called free that isn't, and the training job starts only once the
 * memory has gone.
 */
import { afterEach, expect, it } from "vitest";
import { compiler, describeWith } from "../needs.ts";
import { until } from "../until.ts";
import { Served, type Told } from "./server-material.ts";

let served: Served;
afterEach(() => served.close());

const begin = async (told: Told) => {
  const pause = { server: told.kind, drainedSeconds: 0.2, timeoutSeconds: 1, ...told.pause };
  served = await Served.begin({ ...told, pause });
  return served.supervisor;
};
const pause = () => served.supervisor.say("pause", "llm", "--no-wait");
const started = () => served.supervisor.recorded("job.started", "train");

describeWith(compiler)("a server that is asked by HTTP (needs a C compiler)", () => {
  it("isn't asked to release while a request is under way", async () => {
    const supervisor = await begin({ kind: "vllm" });
    await served.tell("/in-flight", { count: 2 });
    pause();
    await served.askedFor("GET /metrics");
    await supervisor.shows("what it waits for", ({ jobs }) =>
      jobs[0]?.why.summary.includes("being drained (GET /metrics: vllm:num_requests_running is 2, not 0)"),
    );
    await supervisor.ticks(6);
    expect(await served.asked()).not.toContain("POST /sleep");
    await served.tell("/in-flight", { count: 0 });
    await supervisor.reaches("llm", ["standby"]);
    await started();
  });

  it("goes on with the talk where an earlier supervisor left it", async () => {
    const supervisor = await begin({ kind: "comfyui" });
    await served.tell("/in-flight", { count: 1 });
    pause();
    await served.askedFor("GET /queue");
    await supervisor.crash();
    await served.tell("/in-flight", { count: 0 });
    await supervisor.start();
    await supervisor.reaches("llm", ["standby"]);
    expect((await served.asked()).filter((call) => call === "POST /free")).toHaveLength(1);
    await started();
  });

  it("has only set a flag: nothing is free until the memory goes", async () => {
    const supervisor = await begin({ kind: "comfyui" });
    await served.tell("/trap", { trap: "flag only" });
    pause();
    // A reading of the GPU that is late is told first, and it is asked again.
    await until("what it holds", () =>
      supervisor
        .audit("pause.failed")
        .find(({ reason }) => reason.includes("it still holds 7.8 GiB where 1.0 GiB may remain")),
    );
    await supervisor.ticks(6);
    const { state, why } = await supervisor.reaches("llm", ["standby"]);
    expect([state, why.summary]).toEqual(["standby", expect.stringContaining("holding its memory")]);
    expect((await supervisor.reaches("train", ["waiting"])).why.summary).toContain("held by 'llm'");
    await served.tell("/trap", { trap: null });
    await served.tell("/free-now");
    await started();
  });

  it("is loaded again at a client's request: that is told, and it is asked again", async () => {
    const supervisor = await begin({ kind: "ollama", pause: { model: "tiny", timeoutSeconds: 30 } });
    pause();
    await started();
    await served.tell("/client");
    expect((await supervisor.recorded("pause.failed", "llm")).reason).toBe(
      "Its server was asked to rest, and it holds 7.8 GiB again: somebody's request may have woken it. It is asked again.",
    );
    await supervisor.shows("its release", ({ jobs }) => jobs[0]?.why.server?.released);
    expect((await served.asked()).filter((call) => call === "POST /api/generate")).toHaveLength(2);
  });

  it("answers 200 and crashes: its run has failed, and what it held is free", async () => {
    const supervisor = await begin({ kind: "vllm" });
    await served.tell("/trap", { trap: "crash" });
    pause();
    expect((await supervisor.recorded("job.failed", "llm")).reason).toMatch(/exit code 1/);
    await started();
  });

  it("answers after the deadline: free when its memory goes, not before", async () => {
    const supervisor = await begin({ kind: "sglang", pause: { drain: [] } });
    await served.tell("/trap", { trap: "late" });
    pause();
    await supervisor.reaches("llm", ["standby"]);
    await started();
    const { evidence, ...event } = await supervisor.recorded("pause.completed", "llm");
    expect([event.outcome?.shownBy, evidence]).toEqual(["gpu", undefined]);
  });
});
