/**
 * Whole supervisors over small servers that speak each named server's calls: released is said only when the memory
 * is seen gone, and the training job that needed it starts then.
 * Covers: src/config/schema/server-presets.ts, src/servers/ask-servers.ts
 */
import { afterEach, expect, it } from "vitest";
import { compiler, describeWith } from "../needs.ts";
import { Served } from "./server-material.ts";

let served: Served;
afterEach(() => served.close());

/** How each is named in a config, what it keeps, and its call to release. */
const SERVERS: [kind: string, pause: Record<string, unknown>, keeps: number, release: string][] = [
  ["ollama", { model: "tiny" }, 0, "POST /api/generate"],
  ["vllm", {}, 1200, "POST /sleep"],
  ["sglang", {}, 1100, "POST /release_memory_occupation"],
  ["llama.cpp", { model: "tiny" }, 0, "POST /models/unload"],
  ["llama-swap", { model: "tiny" }, 0, "POST /api/models/unload/tiny"],
  ["comfyui", {}, 600, "POST /free"],
  ["sd-webui", {}, 700, "POST /sdapi/v1/unload-checkpoint"],
  ["triton", { model: "tiny" }, 400, "POST /v2/repository/models/tiny/unload"],
];

describeWith(compiler)("a job that is paused by HTTP (needs a C compiler)", () => {
  it.each(SERVERS)(
    "%s: gives its memory to the training job, and comes back after it",
    async (kind, named, keeps, release) => {
      served = await Served.begin({ kind, pause: { server: kind, drainedSeconds: 0.2, ...named }, keeps });
      const { supervisor } = served;
      const { pid, why } = await supervisor
        .reaches("train", ["waiting"])
        .then(() => supervisor.reaches("llm", ["running"]));
      expect(why.room).toBe("server");

      const { code, out, err } = supervisor.say("pause", "llm");
      expect([code, out], err).toEqual([0, expect.stringContaining("on standby: its memory released")]);
      expect(await served.asked()).toContain(release);
      expect((await supervisor.recorded("pause.completed", "llm")).outcome).toMatchObject({
        method: "http",
        shownBy: "gpu",
        remainderMiB: keeps,
        vramReleasedMiB: 8000 - keeps,
      });
      // Before its first report it would only be frozen when it is paused.
      await supervisor.steps("train", 0);

      // It may come back only once there is room.
      supervisor.say("resume", "llm", "--no-wait");
      await supervisor.ticks(3);
      const waits = await supervisor.reaches("llm", ["standby"]);
      expect(waits.why.summary).toMatch(/its memory released.*GPU 0 is held by 'train'/s);
      supervisor.say("pause", "train");
      expect(await supervisor.recorded("resume.completed", "llm")).toMatchObject({ run: 1 });
      expect(await supervisor.reaches("llm", ["running"])).toMatchObject({ pid });
    },
  );
});
