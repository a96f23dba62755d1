/**
 * A job in a real container that trains: others need its GPU, it is paused by checkpoint and resumed, and its result
 * is bit for bit that of the same program that nobody disturbed.
 * Covers: src/runs/containers/container-script.ts, src/runs/containers/container-argv.ts
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { givenContainers } from "../containers.ts";
import { FakeNvml } from "../fakes/nvml/fake.ts";
import { compiler, describeWith, podman } from "../needs.ts";
import { CHILDREN, RealSupervisor } from "./real-supervisor.ts";

const STEPS = 9000;
const HELD = 6000;
const NEWCOMER = {
  name: "newcomer",
  metric: "gpu.newcomers.memoryMiB",
  above: 500,
  forSeconds: 0,
  clear: { below: 400, forSeconds: 0 },
};

describeWith(podman.met ? compiler : podman)(
  "training in a container (needs Podman and a C compiler)",
  () => {
    test("others' need pauses it, and its result is that of an undisturbed run", {
      timeout: 900_000,
    }, async () => {
      const containers = givenContainers();
      const driver = new FakeNvml({ gpus: [{ used: 0 }] });
      const results = join(driver.directory, "results");
      mkdirSync(results);
      const job = (name: string, more: object) => ({
        name,
        command: [
          "/usr/bin/python3",
          join(CHILDREN, "python-descent.py"),
          String(STEPS),
          join(results, name),
        ],
        // Its GPU isn't passed on: there is none behind the fake driver.
        container: containers.container(`--volume=${results}:${results}`, "--label=gpus=nvidia.com/gpu"),
        ...more,
      });
      const jobs = [job("disturbed", { gpuIds: [0] }), job("undisturbed", { gpus: 0 })];
      const balance = { settleSeconds: 0, backoffSeconds: 0.1 };
      const supervisor = new RealSupervisor(
        { balance, rules: [NEWCOMER], jobs },
        { ...containers.env, ...driver.env },
      );
      try {
        await supervisor.start();
        const { progress } = await supervisor.steps("disturbed", 100);
        const other = supervisor.outsider("sleep", "1000");
        const processes = [{ gpu: 0, pid: other.pid as number, memory: HELD }];
        driver.set({ gpus: [{ used: HELD }], processes });
        const paused = await supervisor.recorded("pause.completed", "disturbed");
        expect(paused).toMatchObject({
          actor: "rule:newcomer",
          outcome: { method: "checkpoint", stepsLost: 0 },
        });
        expect(containers.podman("ps", "--quiet", "--filter=label=gpu-job-supervisor.job=disturbed")).toBe(
          "",
        );
        await supervisor.end(other);
        driver.set({ gpus: [{ used: 0 }], processes: [] });
        for (const name of ["disturbed", "undisturbed"])
          await supervisor.reaches(name, ["finished"], { limitMs: 400_000 });
        const [disturbed, undisturbed] = jobs.map(({ name }) => readFileSync(join(results, name), "utf8"));
        expect(disturbed).toBe(undisturbed);
        expect(disturbed).toMatch(/^9000 /);
        const begun = readFileSync(join(supervisor.directory, "state/logs/disturbed.log"), "utf8");
        const [first, second] = [...begun.matchAll(/^begins at (\d+)/gm)].map(([, step]) => Number(step));
        expect([first, (second ?? 0) > (progress?.step ?? 0)]).toEqual([0, true]);
        expect(supervisor.audit("pause.requested").map(({ job }) => job)).toEqual(["disturbed"]);
      } finally {
        await supervisor.close();
        containers.close();
        driver.close();
      }
    });
  },
);
