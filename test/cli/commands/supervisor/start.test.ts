/**
 * `start --detach` names what its supervisor can't see before it returns.
 * Covers: src/cli/commands/supervisor/warnings-at-start.ts
 */
import { afterEach, expect, test } from "vitest";
import { NVML_VARIABLE } from "../../../../src/sense/gpu/find.ts";
import { RealSupervisor, until } from "../../../scenarios/real-supervisor.ts";
import { NeverComes } from "../../../until.ts";

let here: RealSupervisor | null = null;
afterEach(async () => {
  here?.say("stop");
  await here?.close();
});

const HOT = { name: "too warm", metric: "gpu.temperature", above: 77, clear: { below: 58 } };
const FULL = { name: "little disk", metric: "disk.freeMiB", below: 1, clear: { above: 2 } };

test("a rule on a GPU whose driver can't be loaded is named, one that can see isn't", async () => {
  const supervisor = new RealSupervisor(
    { rules: [HOT, FULL] },
    { [NVML_VARIABLE]: "/nowhere/libnvidia-ml.so.1" },
  );
  here = supervisor;
  const named = /^! Rule 'too warm' can't act: gpu\.temperature can't be read \(.*libnvidia-ml/m;
  // A start waits for six seconds: a rule is called blind three after it was first judged.
  const warnings = await until("a start that names it", () => {
    const { code, out, err } = supervisor.say("start", "--detach");
    if (code !== 0 || !/^Supervisor started\./.test(out)) throw new NeverComes(err);
    if (named.test(err)) return err;
    supervisor.say("stop");
    return null;
  });
  expect(warnings).not.toContain("little disk");
});
