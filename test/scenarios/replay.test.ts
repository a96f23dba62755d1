/**
 * A real supervisor with a real job over a fake driver, and then its history replayed with the config that was
 * live: the same decisions, in the same order, at the same moments.
 * Covers: src/replay/history/history.ts, src/replay/history/virtual-sample.ts, src/replay/models/footprints.ts
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { readSamples } from "../../src/record/read.ts";
import type { Replayed } from "../../src/replay/replay.ts";
import { FakeNvml } from "../fakes/nvml/fake.ts";
import { compiler, describeWith } from "../needs.ts";
import { jobOn, OTHERS } from "./gpu-material.ts";
import { RealSupervisor } from "./real-supervisor.ts";

let supervisor: RealSupervisor;
let driver: FakeNvml;
afterEach(async () => {
  await supervisor.close();
  driver.close();
});

const DECISIONS = ["job.started", "pause.requested", "resume.requested"];

describeWith(compiler)("over a driver of one GPU (needs a C compiler)", () => {
  it("the config that was live decides again what it decided, and another one something else", async () => {
    driver = new FakeNvml({ gpus: [{ util: 0, used: 500 }] });
    const live = {
      rules: [OTHERS],
      balance: { settleSeconds: 0, backoffSeconds: 1, maxBackoffSeconds: 2, maxPauseOverhead: 0.9 },
      jobs: [jobOn(0, "asr")],
    };
    supervisor = await new RealSupervisor(live, driver.env).start();
    for (let round = 0; round < 3; round++) {
      const { pid } = await supervisor.reaches("asr", ["running"]);
      const own = { gpu: 0, pid: pid ?? 0, memory: 3000, sm: 90 };
      driver.set({ gpus: [{ util: 90, used: 3500 }], processes: [own] });
      // It works for far longer than a pause costs, so that whether it has paid isn't a matter of one look.
      await supervisor.steps("asr", (supervisor.job("asr").progress?.step ?? 0) + 400);
      const game = supervisor.outsider("sleep", "1000");
      const foreign = { gpu: 0, pid: game.pid as number, memory: 700, sm: 55 };
      driver.set({ processes: [own, foreign] });
      await supervisor.reaches("asr", ["pausing", "paused"]);
      driver.set({ processes: [foreign] });
      await supervisor.reaches("asr", ["paused"]);
      driver.set({ gpus: [{ util: 0, used: 500 }], processes: [] });
      await supervisor.end(game);
    }
    await supervisor.reaches("asr", ["running"]);
    await supervisor.ticks(4);
    expect(supervisor.say("stop", "--leave-jobs").code).toBe(0);

    const recorded = supervisor
      .audit()
      .filter(({ kind }) => DECISIONS.includes(kind))
      .map(({ kind, actor, at }) => ({ kind, actor, atMs: Date.parse(at) }));
    expect(recorded.filter(({ kind }) => kind === "pause.requested")).toHaveLength(3);
    const { decisions } = replayed()[0] ?? { decisions: [] };
    expect(decisions.map(({ kind, actor }) => ({ kind, actor }))).toEqual(
      recorded.map(({ kind, actor }) => ({ kind, actor })),
    );
    // A model leaves within a tick or two of when the program did, however long a tick was.
    const looks = [...readSamples(join(supervisor.directory, "audit.sqlite"))].map(({ at }) => at.wallMs);
    const between = decisions.map(({ atMs }, i) => {
      const [from, to] = [atMs, recorded[i]?.atMs ?? 0].sort((a, b) => a - b) as [number, number];
      return looks.filter((lookMs) => from < lookMs && lookMs <= to).length;
    });
    expect(Math.max(...between), between.join(" ")).toBeLessThanOrEqual(2);

    const other = join(supervisor.directory, "patient.json");
    const patient = { ...OTHERS, forSeconds: 3600 };
    writeFileSync(other, JSON.stringify({ ...live, rules: [patient], database: "audit.sqlite" }));
    const [late, soon] = replayed("--config", other);
    expect([late?.pauses, soon?.pauses]).toEqual([0, 3]);
    expect(late?.pressureMs).toBeGreaterThan(soon?.pressureMs ?? 0);
  });
});

/** Of the supervisor's own config comes last. */
function replayed(...more: string[]): Replayed["configs"] {
  const { code, out, err } = supervisor.say("replay", "--json", ...more);
  expect(code, err).toBe(0);
  return JSON.parse(out).configs;
}
