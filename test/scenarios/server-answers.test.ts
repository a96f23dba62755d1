/**
 * Servers that can't be asked, or don't come back: each is told in a sentence, and nothing is called free that isn't.
 */
import { afterEach, expect, it } from "vitest";
import { compiler, describeWith } from "../needs.ts";
import { until } from "../until.ts";
import { Served, type Told } from "./server-material.ts";

let served: Served;
afterEach(() => served.close());

const begin = async (told: Told) => {
  const pause = { server: told.kind, drainedSeconds: 0.2, timeoutSeconds: 10, ...told.pause };
  served = await Served.begin({ ...told, pause });
  return served.supervisor;
};
const pause = () => served.supervisor.say("pause", "llm", "--no-wait");
const started = () => served.supervisor.recorded("job.started", "train");

describeWith(compiler)("a server that is asked by HTTP (needs a C compiler)", () => {
  it.each([
    ["hang", 1, "POST /sleep?level=1: no answer within"],
    ["password", 10, "it wants a password (status 401)"],
  ])("%s: is told, and isn't called free", async (trap, timeoutSeconds, says) => {
    const supervisor = await begin({ kind: "vllm", pause: { drain: [], timeoutSeconds } });
    await served.tell("/trap", { trap });
    pause();
    // A reading of the GPU that is late is told first, and it is asked again.
    await until("what it says and holds", () =>
      supervisor
        .audit("pause.failed")
        .find(({ reason }) => reason.includes(says) && reason.includes("it still holds 7.8 GiB")),
    );
    expect((await supervisor.reaches("train", ["waiting"])).why.summary).toContain("held by 'llm'");
  });

  it("a password from the environment opens it", async () => {
    const headers = { Authorization: "env:LLM_AUTHORIZATION" };
    const env = { LLM_AUTHORIZATION: "Bearer opensesame" };
    const supervisor = await begin({ kind: "triton", pause: { model: "tiny", headers }, env });
    await served.tell("/trap", { trap: "password" });
    expect(supervisor.say("pause", "llm").code).toBe(0);
    await started();
    expect(JSON.stringify([supervisor.audit(), await supervisor.look()])).not.toContain("opensesame");
  });

  it("is released when the supervisor stops, and brought back by the next one", async () => {
    const supervisor = await begin({ kind: "sd-webui" });
    const { pid } = await supervisor.reaches("llm", ["running"]);
    expect(supervisor.say("stop").code).toBe(0);
    expect(await served.asked()).toContain("POST /sdapi/v1/unload-checkpoint");
    await supervisor.start();
    await served.askedFor("POST /sdapi/v1/reload-checkpoint");
    expect(await supervisor.reaches("llm", ["running"])).toMatchObject({ pid });
    await served.seenHolding(8000);
  });

  it("doesn't come back: that is told, and it stays on standby", async () => {
    const supervisor = await begin({ kind: "llama.cpp", pause: { model: "tiny" } });
    await served.tell("/trap", { trap: "won't come back" });
    supervisor.say("pause", "llm");
    // Before its first report it would only be frozen.
    await supervisor.steps("train", 0);
    supervisor.say("pause", "train");
    // While it is asked it is "running", which isn't told as its return.
    // Where its GPU can't be read for a moment, it says that it waits for that, and is asked again.
    const { out } = await until("it to be asked to come back", () => {
      const said = supervisor.say("resume", "llm");
      return said.err.includes("its server was asked to come back, and isn't ready yet") && said;
    });
    expect(out).toMatch(/^llm {2}waits: /);
    // A server that is late is told as that, and it is tried again.
    const words = `isn't ready (GET /models: 'data.{"id":"tiny"}.status.value' is "unloaded"`;
    await until("what it lacks", () =>
      supervisor.audit("resume.failed").find(({ reason }) => reason.includes(words)),
    );
    await supervisor.shows("its release", ({ jobs }) => jobs[0]?.why.server?.released);
    expect((await supervisor.reaches("llm", ["standby"])).why.summary).toContain(
      "its server didn't come back",
    );
  });

  it("where no GPU can be read, its own word counts, and that is said; a wrong path is no word", async () => {
    const nowhere = { GPU_JOB_SUPERVISOR_NVML: "/nowhere/libnvidia-ml.so.1" };
    const released = [{ path: "/api/ps", json: ["modles"], equals: [] }];
    const alone = { name: "llm", gpus: 0 };
    served = await Served.begin({
      kind: "ollama",
      pause: { server: "ollama", model: "tiny", timeoutSeconds: 5, released },
      env: nowhere,
      llm: alone,
    });
    const { supervisor } = served;
    pause();
    // A look that was late is told first, and it is asked again.
    const words = "GET /api/ps: its answer has no 'modles'; it has 'models'";
    await until("the wrong path told", () =>
      supervisor.audit("pause.failed").find(({ reason }) => reason.includes(words)),
    );
    served.change({ server: "ollama", model: "tiny" });
    await supervisor.shows("its word", ({ jobs }) => jobs[0]?.why.server?.released);
    expect(await supervisor.recorded("pause.completed", "llm")).toMatchObject({
      outcome: { shownBy: "server" },
    });
  });
});
