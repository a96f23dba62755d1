/** A supervisor whose metrics have something of everything: a GPU, a job on it, one that waits, a rule, a window. */
import { join } from "node:path";
import { FakeNvml } from "../fakes/nvml/fake.ts";
import { CHILDREN, RealSupervisor } from "../scenarios/real-supervisor.ts";

export function supervised(metrics: object): [FakeNvml, RealSupervisor] {
  const driver = new FakeNvml({
    gpus: [{ util: 40, used: 400, total: 24_576, temp: 61, power: 250_500 }],
  });
  const supervisor = new RealSupervisor(
    {
      metrics,
      rules: [{ name: "GPU too hot", metric: "gpu.temperature", above: 90, clear: { below: 75 } }],
      windows: [{ name: "new year", opens: "0 0 1 1 *", closes: "1 0 1 1 *", jobs: ["nightly"] }],
      balance: { settleSeconds: 0 },
      jobs: [
        { name: "train", gpuIds: [0], command: ["node", join(CHILDREN, "count-steps.ts"), "--ms", "50"] },
        { name: "nightly", command: ["node", join(CHILDREN, "count-steps.ts")] },
      ],
    },
    driver.env,
  );
  return [driver, supervisor];
}
