/** What is drawn of 1, 4 and 8 GPUs that a real supervisor reads from a fake driver. */
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import type { Snapshot } from "../../src/control/protocol.ts";
import type { GpuMetric } from "../../src/model/machine.ts";
import { paint } from "../../src/show/draw/lines.ts";
import { newScreen } from "../../src/show/screen/screen.ts";
import { frameOf } from "../../src/show/screen/view-model.ts";
import { FakeNvml } from "../fakes/nvml/fake.ts";
import { compiler, describeWith } from "../needs.ts";
import { CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

const RULES = [
  { name: "others", metric: "gpu.others.utilization", above: 50, clear: { below: 10 }, action: "notify" },
  { name: "heat", metric: "gpu.temperature", above: 90, clear: { below: 75 }, action: "notify" },
];

let supervisor: RealSupervisor;
let driver: FakeNvml;
afterEach(async () => {
  await supervisor.close();
  driver.close();
});

function draw(snapshot: Snapshot, width: number, height: number): string[] {
  const frame = frameOf({ ...newScreen(), snapshot }, { width, height });
  return frame.gauges.map((line) => paint(line, "none"));
}

describeWith(compiler)("GPUs on the dashboard (needs a C compiler)", () => {
  it.each([1, 4, 8])("%i of them: our share, others' share, thresholds", async (count) => {
    const idle = { util: 0, used: 400, total: 24_576 };
    driver = new FakeNvml({ gpus: Array.from({ length: count }, () => idle) });
    supervisor = await new RealSupervisor(
      {
        rules: RULES,
        jobs: [{ name: "train", gpuIds: [0], command: ["node", join(CHILDREN, "count-steps.ts")] }],
      },
      driver.env,
    ).start();
    await supervisor.reaches("train", ["running"]);
    const other = supervisor.outsider("sleep", "1000");
    const ours = { gpu: 0, pid: supervisor.job("train").pid ?? 0, memory: 12_288, sm: 60 };
    const theirs = { gpu: 0, pid: other.pid ?? 0, memory: 2048, sm: 30 };
    const busy = { util: 90, used: 14_736, total: 24_576, temp: 93, power: 300_000 };
    driver.set({ gpus: [busy, ...Array.from({ length: count - 1 }, () => idle)], processes: [ours, theirs] });
    const seen = await until("both shares", () => {
      const snapshot = supervisor.snapshot();
      const [first] = snapshot.gpus;
      const reads = (metric: GpuMetric, value: number): boolean => {
        const found = first?.metrics[metric];
        return found !== undefined && "value" in found && found.value === value;
      };
      return first?.processes.length === 2 &&
        reads("gpu.temperature", 93) &&
        reads("gpu.utilization", 90) &&
        reads("gpu.others.utilization", 30) &&
        first.processes.every(({ gpuPercent }) => (gpuPercent ?? 0) > 0)
        ? snapshot
        : null;
    });
    expect(seen.gpus.map(({ index }) => index)).toEqual(Array.from({ length: count }, (_, i) => i));

    const wide = draw(seen, 160, 60);
    for (const { index } of seen.gpus)
      expect(
        wide.some((line) => line.includes(`gpu ${index}`)),
        `GPU ${index}`,
      ).toBe(true);
    const first = wide.find((line) => /gpu 0/.test(line)) ?? "";
    expect(first).toMatch(/!/);
    expect(first).toContain("90 %");
    expect(first).toContain("30 %");
    expect(first).toContain("93 °C of 90");
    // Others' share, ours, and the threshold on others.
    expect(first).toMatch(/▒+.*█+/);
    expect(first).toMatch(/│/);
    for (const [width, height] of [
      [80, 24],
      [60, 20],
    ] as const) {
      const narrow = draw(seen, width, height).join("\n");
      expect(narrow).toContain("90 %");
    }
  });

  it("run says where the job is, and what a freeze would leave held there", async () => {
    driver = new FakeNvml({ gpus: [0, 1].map(() => ({ util: 0, used: 400, total: 24_576 })) });
    const holder = { name: "train", gpuIds: [0], command: ["node", join(CHILDREN, "count-steps.ts")] };
    supervisor = await new RealSupervisor({ rules: RULES, jobs: [holder] }, driver.env).start();
    await supervisor.reaches("train", ["running"]);
    // What is added to every command line here goes to the job, which doesn't mind.
    let tries = 0;
    // It tells what it sees within a few seconds.
    const { code, out } = await until("a start that is seen in time", () => {
      const name = `nap-${++tries}`;
      const said = supervisor.say("run", "--name", name, "--", "sh", "-c", "exec sleep 1000");
      if (said.out.includes("frozen:")) return said;
      supervisor.say("cancel", name);
      return null;
    });
    expect(code).toBe(0);
    expect(out).toMatch(/^Job 'nap-\d+': sh = \S+\/sh in .*, GPU 1$/m);
    expect(out).toMatch(
      /frozen: its CPU and GPU time is freed, its memory isn't .*\nTo free its memory, VRAM too/,
    );
  });
});
