/**
 * A real supervisor over a fake driver: what it writes and answers, and that the shipped alerts and the
 * dashboard name nothing else.
 * Covers: src/metrics/gpu-time.ts, src/metrics/families/families.ts, src/metrics/families/of-events.ts,
 * src/metrics/families/of-gpus.ts, src/metrics/families/of-jobs.ts, src/metrics/families/of-machine.ts,
 * src/metrics/families/of-rules.ts, src/metrics/families/of-supervisor.ts, src/metrics/families/readings.ts
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { FakeNvml } from "../fakes/nvml/fake.ts";
import { freePort } from "../free-port.ts";
import { compiler, describeWith } from "../needs.ts";
import type { RealSupervisor } from "../scenarios/real-supervisor.ts";
import { until, untilHolds } from "../until.ts";
import { alertExpressions, dashboardExpressions, namesIn } from "./dashboard.ts";
import { supervised } from "./supervised.ts";

describeWith(compiler)("a supervisor with metrics (needs a C compiler)", () => {
  let driver: FakeNvml;
  let supervisor: RealSupervisor;
  let port: number;
  beforeEach(async () => {
    port = await freePort();
    [driver, supervisor] = supervised({ file: "ours.prom", port, everySeconds: 1 });
  });
  afterEach(async () => {
    await supervisor.close();
    driver.close();
  });

  const page = async (): Promise<string> => await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  /** The figures of a name, by their own labels. */
  const figures = async (name: string): Promise<Record<string, number>> => {
    const pattern = new RegExp(
      `^gpu_job_supervisor_${name}\\{(.*?),?user="[^"]*",project="[^"]*"\\} (.*)$`,
      "gm",
    );
    return Object.fromEntries(
      [...(await page()).matchAll(pattern)].map(([, labels = "", value]) => [labels, Number(value)]),
    );
  };

  it("tells states, GPUs, rules and pauses in base units, on the port as in the file", async () => {
    await supervisor.start();
    const uuid = (await supervisor.shows("the GPU", ({ gpus }) => gpus[0]?.uuid)) as string;
    const gpu = `gpu="0",UUID="${uuid}"`;
    await supervisor.steps("train", 3);
    expect(await figures("job_state")).toMatchObject({
      'job="train",state="running"': 1,
      'job="train",state="paused"': 0,
      'job="nightly",state="waiting"': 1,
    });
    expect(await figures("job_gpu")).toEqual({ [`job="train",${gpu}`]: 1 });
    expect(await figures("gpu_memory_total_bytes")).toEqual({ [gpu]: 24_576 * 1_048_576 });
    expect(await figures("gpu_temperature_celsius")).toEqual({ [gpu]: 61 });
    expect(await figures("gpu_power_watts")).toEqual({ [gpu]: 250.5 });
    expect(await figures("job_waits_for")).toMatchObject({ 'job="nightly",code="window"': 1 });
    expect(await figures("window_open")).toEqual({ 'window="new year"': 0 });
    expect(await figures("pauses_total")).toMatchObject({
      'actor="rule",name="GPU too hot"': 0,
      'actor="user",name=""': 0,
    });
    const job = supervisor.job("train");
    driver.set({
      gpus: [{ util: 70, used: 9000, total: 24_576, temp: 93, power: 250_500 }],
      processes: [{ gpu: 0, pid: job.pid ?? 0, memory: 9000, sm: 70 }],
    });
    await supervisor.reaches("train", ["paused"]);
    await until(
      "the pause to be counted",
      async () => (await figures("job_pauses_total"))['job="train"'] === 1,
    );
    expect(await figures("rule_pressure")).toEqual({ [`rule="GPU too hot",${gpu}`]: 1 });
    expect((await figures("pauses_total"))['actor="rule",name="GPU too hot"']).toBe(1);
    expect((await figures("pause_duration_seconds_bucket"))['le="+Inf"']).toBe(1);
    expect((await figures("job_gpu_seconds_total"))['job="train"']).toBeGreaterThan(0);
    expect((await figures("job_checkpoint_step"))['job="train"']).toBeGreaterThan(2);
    const file = join(supervisor.directory, "ours.prom");
    await untilHolds(() =>
      expect(readFileSync(file, "utf8")).toMatch(/job_pauses_total\{job="train",.*\} 1\n/),
    );
    // Who stops it is in no doubt whether it hangs.
    supervisor.say("stop");
    await untilHolds(() => expect(existsSync(file)).toBe(false));
  });

  it("each name in the shipped alerts and the dashboard is one that is told", async () => {
    await supervisor.start();
    await supervisor.steps("train", 3);
    supervisor.say("pause", "train");
    supervisor.say("resume", "train");
    const asked = [...dashboardExpressions(), ...alertExpressions()];
    expect(asked.length).toBeGreaterThan(50);
    expect(asked.filter((expression) => namesIn(expression).length === 0)).toEqual([]);
    // Some come only with time, as a pace does.
    await until("all of them", async () => {
      const told = new Set(namesIn(await page()));
      expect(asked.flatMap(namesIn).filter((name) => !told.has(name))).toEqual([]);
      return true;
    });
  });

  it("follows the config: other places, then none at all", async () => {
    supervisor.configure({});
    await supervisor.start();
    await expect(page()).rejects.toThrow();
    supervisor.configure({ metrics: { port, file: "first.prom", everySeconds: 1 } });
    const [first, second] = ["first.prom", "second.prom"].map((name) => join(supervisor.directory, name)) as [
      string,
      string,
    ];
    await untilHolds(() => expect(existsSync(first)).toBe(true));
    await until("the port", page);
    supervisor.configure({ metrics: { file: "second.prom", everySeconds: 1 } });
    await untilHolds(() => expect([existsSync(first), existsSync(second)]).toEqual([false, true]));
    await expect(page()).rejects.toThrow();
    supervisor.configure({ metrics: { file: "no/such/folder/x.prom" } });
    await supervisor.shows("the problem", ({ supervisor: { warnings } }) =>
      warnings.some((warning) => warning.endsWith("/no/such/folder/x.prom: ENOENT.")),
    );
    supervisor.configure({});
    await supervisor.shows("no problem", ({ supervisor: { warnings } }) => warnings.length === 0);
    expect([existsSync(first), existsSync(second)]).toEqual([false, false]);
  });
});
