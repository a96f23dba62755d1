/**
 * `start --detach` names what its supervisor can't see before it returns.
 * Covers: src/cli/commands/supervisor/warnings-at-start.ts
 */
import { afterEach, expect, test } from "vitest";
import { NVML_VARIABLE } from "../../../../src/sense/gpu/find.ts";
import { RealSupervisor } from "../../../scenarios/real-supervisor.ts";

let here: RealSupervisor | null = null;
afterEach(async () => {
  here?.say("stop");
  await here?.close();
});

const HOT = { name: "too warm", metric: "gpu.temperature", above: 77, clear: { below: 58 } };
const FULL = { name: "little disk", metric: "disk.freeMiB", below: 1, clear: { above: 2 } };

test("a rule on a GPU whose driver can't be loaded is named, one that can see isn't", () => {
  here = new RealSupervisor({ rules: [HOT, FULL] }, { [NVML_VARIABLE]: "/nowhere/libnvidia-ml.so.1" });
  const { code, out, err } = here.say("start", "--detach");
  expect([code, out]).toEqual([0, expect.stringMatching(/^Supervisor started\./)]);
  expect(err).toMatch(/^! Rule 'too warm' can't act: gpu\.temperature can't be read \(.*libnvidia-ml/m);
  expect(err).not.toContain("little disk");
}, 60_000);
