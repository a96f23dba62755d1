/**
 * Two supervisors of one user on one GPU, each with a job of the same name: they stand in line as those of
 * two users do, neither is "others" to the other, and each says which project the other job is in.
 * Covers: src/claims/claim-file.ts, src/words/sentences/whose.ts
 */
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FakeNvml } from "../fakes/nvml/fake.ts";
import { compiler, describeWith } from "../needs.ts";
import { CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

const RULE = {
  name: "somebody else computes on the GPU",
  metric: "gpu.others.utilization",
  above: 25,
  forSeconds: 1,
  clear: { below: 10, forSeconds: 1 },
};

let driver: FakeNvml;
const houses: RealSupervisor[] = [];

beforeEach(() => {
  driver = new FakeNvml({ gpus: [{ util: 0, used: 500 }] });
  mkdirSync(driver.env.GPU_JOB_SUPERVISOR_CLAIMS as string);
});
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
  driver.close();
});

async function house(): Promise<RealSupervisor> {
  const jobs = [{ name: "sing", command: ["node", join(CHILDREN, "count-steps.ts"), "--ms", "50"] }];
  const config = { rules: [RULE], balance: { settleSeconds: 0, backoffSeconds: 0.1 }, jobs };
  // Folders of projects are told from home.
  const one = new RealSupervisor(config, { ...driver.env, HOME: tmpdir() });
  houses.push(one);
  return await one.start();
}

/** Whoever runs computes with all it can, as jobs do. */
async function work(): Promise<void> {
  const running = (await Promise.all(houses.map((one) => one.look()))).flatMap(({ jobs }) => jobs);
  const busy = running.flatMap(({ pid }) => (pid === null ? [] : [{ gpu: 0, pid, memory: 9000, sm: 95 }]));
  driver.set({ gpus: [{ util: 95, used: 9500 }], processes: busy });
}

describeWith(compiler)("two supervisors of one user", () => {
  it("stand in line for a GPU, never push each other away, and name each other's project", async () => {
    const first = await house();
    await first.reaches("sing", ["running"]);
    const second = await house();
    await work();
    const waits = await second.shows("the line", ({ jobs }) =>
      jobs.find(({ why }) => why.waitingFor.some(({ code }) => code === "gpu-claimed")),
    );
    const place = `~/${basename(first.directory)}`;
    expect(waits.why.summary).toContain(`GPU 0 held by your 'sing' in ${place} (supervised, since `);
    expect(waits.why.summary).toContain("you're 1st in line");
    expect(second.say("why").out).toContain(`asks your 'sing' in ${place} for a turn`);
    // The other's computing is seen, and nobody's need.
    const seen = await second.shows("its use", ({ gpus }) => gpus[0]?.processes[0]?.claimed && gpus[0]);
    expect(seen.metrics["gpu.others.utilization"]).toMatchObject({ value: 0 });
    await Promise.all(houses.map((one) => one.ticks(10)));
    for (const one of houses) expect(one.audit("pause.requested")).toEqual([]);

    expect(first.say("pause", "sing").code).toBe(0);
    await second.reaches("sing", ["running"]);
    await work();
    expect(first.say("resume", "sing", "--no-wait").code).toBe(0);
    await first.shows("the line the other way round", ({ jobs }) =>
      jobs[0]?.why.summary.includes(`held by your 'sing' in ~/${basename(second.directory)} `),
    );
    await Promise.all(houses.map((one) => one.ticks(10)));
    const rules = houses
      .flatMap((one) => one.audit("pause.requested"))
      .filter(({ actor }) => actor !== "user");
    expect(rules).toEqual([]);

    const all = second.say("status", "--all");
    expect(all.out.match(/ sing /g)).toHaveLength(2);
    expect(all.out).toContain(`held by your 'sing' in ~/${basename(second.directory)}`);
    await until("the first's turn", async () => {
      second.say("cancel", "sing", "--no-wait");
      return (await first.look()).jobs[0]?.state === "running";
    });
  });
});
