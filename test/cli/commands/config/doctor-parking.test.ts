/**
 * What the page says of parking: for each GPU, and with a try.
 * Covers: src/cli/commands/config/doctor/parking.ts, src/park/try-park.ts, src/park/cuda-program.ts,
 * src/decide/sharing/parkable.ts
 */
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { afterEach, expect, it } from "vitest";
import { FakeCuda } from "../../../fakes/cuda/fake.ts";
import { type FakeMachine, FakeNvml } from "../../../fakes/nvml/fake.ts";
import { compiler, describeWith } from "../../../needs.ts";

const PROGRAM = resolve(import.meta.dirname, "../../../../src/bin.ts");
let driver: FakeNvml;
afterEach(() => driver.close());

function doctor(machine: FakeMachine, ...args: string[]): Promise<string> {
  driver = new FakeNvml(machine);
  const child = spawn(process.execPath, [PROGRAM, "doctor", ...args], {
    cwd: driver.directory,
    env: { ...process.env, ...new FakeCuda(driver).env, XDG_STATE_HOME: driver.directory },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk;
  });
  return new Promise((done) => child.on("exit", () => done(out)));
}

describeWith(compiler)("parking (needs a C compiler)", () => {
  it("is told for each GPU", async () => {
    const out = await doctor({
      gpus: [{ used: 700 }, { used: 10, mig: 1 }],
      also: ["instance 1 1 MIG-part 10000 5"],
    });
    expect(out).toMatch(/GPU 0 .*\n(?: {2}.*\n)*? {2}parking: nothing rules it out; .*--try-park/);
    expect(out).toMatch(/GPU 1 .*\n(?: {2}.*\n)*? {2}parking: can't work: GPU 1 is divided \(MIG\)/);
  });

  it("can't work on an older driver, which says so for each", async () => {
    const out = await doctor({ gpus: [{ used: 700 }], also: ["cuda version 12060"] }, "--try-park");
    expect(out).toContain("parking: can't work: the NVIDIA driver is of CUDA 12.6");
  });

  it("is tried with a program of its own: each call with its state and its time", async () => {
    const out = await doctor({ gpus: [{ used: 700 }] }, "--try-park");
    expect(out).toContain("parking: works, as a program of its own has shown");
    for (const [call, state] of Object.entries({
      lock: "locked",
      checkpoint: "checkpointed",
      unlock: "running",
    }))
      expect(out).toMatch(new RegExp(`${call} +OK, state ${state}, \\d`));
  });

  it("says what is refused, and how that is allowed", async () => {
    const out = await doctor(
      { gpus: [{ used: 700 }], also: ["cuda fail checkpoint 304"] },
      "--try-park",
      "--json",
    );
    const [{ tried }] = JSON.parse(out).parking;
    expect(tried.fails).toContain("CUDA 304");
    expect(tried.calls.map(({ call, state }: { call: string; state: string }) => `${call} ${state}`)).toEqual(
      ["lock locked", "checkpoint locked", "unlock running"],
    );
    const page = await doctor({ gpus: [{ used: 700 }], also: ["cuda fail lock 304"] }, "--try-park");
    expect(page).toContain("fix: run the supervisor as root or with CAP_SYS_PTRACE");
  });
});
