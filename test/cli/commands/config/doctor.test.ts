/**
 * The page for a bug report: what it says of GPUs, of calls, of rules that can't work here.
 * Covers: src/cli/commands/config/doctor/blind-rules.ts, src/cli/commands/config/doctor/page.ts, src/sense/gpu/examine.ts
 */
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { unworkable } from "../../../../src/cli/commands/config/doctor/blind-rules.ts";
import { DEFAULT_RULES } from "../../../../src/config/schema/defaults.ts";
import { at, makeGpu, makeSample } from "../../../decide/make.ts";
import { FakeNvml } from "../../../fakes/nvml/fake.ts";
import { FakeSys } from "../../../fakes/sysfs.ts";
import { compiler, describeWith } from "../../../needs.ts";

const PROGRAM = resolve(import.meta.dirname, "../../../../src/bin.ts");
let directory: string;
let driver: FakeNvml | null = null;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "supervisor-doctor-"));
  writeFileSync(join(directory, "supervisor.config.json"), JSON.stringify({ stateDirectory: "state" }));
});
afterEach(() => {
  driver?.close();
  driver = null;
  rmSync(directory, { recursive: true, force: true });
});

/** Asynchronous, so that whoever answers it may be this very process. */
function doctor(env: NodeJS.ProcessEnv, ...args: string[]): Promise<{ code: number | null; out: string }> {
  const child = spawn(process.execPath, [PROGRAM, "doctor", ...args], {
    cwd: directory,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk;
  });
  return new Promise((done) => child.on("exit", (code) => done({ code, out })));
}

describe("without a GPU", () => {
  it("says that, which rules have nothing to do, and what the rest can do", async () => {
    const { code, out } = await doctor({});
    expect(code).toBe(0);
    expect(out).toMatch(/^supervisor \d/);
    expect(out).toMatch(/GPUs: /);
    expect(out).toMatch(/^Sleep: jobs .*before the system sleeps.*\.$/m);
    expect(out).toMatch(/^Service: (systemd can't start it here \(.+\)|none is installed.*)\.$/m);
    expect(out).toMatch(/Supervisor: none runs/);
  });

  it("looks for the programs that rules name, as a supervisor does", async () => {
    const rule = { name: "blender", metric: "process.running", programs: ["blender"], above: 0 };
    const config = { stateDirectory: "state", rules: [{ ...rule, clear: { below: 1 } }] };
    writeFileSync(join(directory, "supervisor.config.json"), JSON.stringify(config));
    const { readings, unworkable } = JSON.parse((await doctor({}, "--json")).out);
    const reading = readings["process.running"];
    expect(reading).not.toEqual({ unavailable: "no rule names programs" });
    expect(unworkable).toHaveLength("value" in reading ? 0 : 1);
  });
});

describeWith(compiler)("over a driver (needs a C compiler)", () => {
  it("lists GPUs, what is missing and why, and each call with its code and time", async () => {
    driver = new FakeNvml({
      gpus: [{ util: 5, used: 700 }, { used: 10 }],
      processes: [{ gpu: 0, pid: process.pid, memory: 600, sm: 4 }],
      also: ["fail nvmlDeviceGetTemperature@1 3", "fail nvmlDeviceGetTemperatureV@1 3"],
    });
    const { code, out } = await doctor(driver.env);
    expect(code).toBe(0);
    expect(out).toContain("GPUs: by nvml, driver 550.54.14");
    expect(out).toMatch(/GPU 0 {2}Fake RTX 0 {2}24\.0 GiB {2}GPU-fake-0 {2}by NVML {2}others visible: yes/);
    expect(out).toMatch(new RegExp(`on it: .*pid ${process.pid}, .*600 MiB, 4 %`));
    expect(out).toMatch(/not gpu\.temperature: this GPU doesn't support it \(NVML 3\)/);
    expect(out).toMatch(/nvmlDeviceGetUtilizationRates GPU 0 +\d[\d.]* +\d[\d.]* {2}\d+ x OK/);
    expect(out).toMatch(/nvmlDeviceGetTemperature GPU 1 .* \d+ x this GPU doesn't support it/);
    expect(out).toMatch(/'GPU too hot' \(gpu\.temperature on GPU-fake-1\)[\s\S]*instead: gpu\.throttled/);
  });

  it("gives the same as JSON", async () => {
    driver = new FakeNvml({ gpus: [{ used: 700 }] });
    const found = JSON.parse((await doctor(driver.env, "--json")).out);
    expect(found).toMatchObject({
      schemaVersion: 1,
      gpus: { sources: [{ source: "nvml", unavailable: null }], samples: [{ uuid: "GPU-fake-0" }] },
    });
    expect(found.gpus.calls.map(({ call }: { call: string }) => call)).toContain("nvmlInitWithFlags");
  });

  it("sees what a supervisor sees where the library can't be loaded: by nvidia-smi, beside other GPUs", async () => {
    const smi = join(directory, "nvidia-smi");
    const row =
      "GPU-77, 0, 12, 8192, 6900, 1010, 49, 88.10, 200.00, Not Active, Not Active, Not Active, Card";
    writeFileSync(
      smi,
      `#!/bin/sh\ncase "$1" in --query-gpu=*) echo '${row}';; *) echo 'GPU-77, ${process.pid}, 640';; esac\n`,
    );
    chmodSync(smi, 0o755);
    const sys = new FakeSys();
    sys.card({ driver: "xe", address: "0000:08:00.0" });
    try {
      const { out } = await doctor({
        ...sys.env,
        GPU_JOB_SUPERVISOR_NVML: join(directory, "libnvidia-ml.so.1"),
        PATH: `${directory}${delimiter}${process.env.PATH}`,
      });
      expect(out).toContain("GPUs: by nvidia-smi and the kernel");
      expect(out).toMatch(
        /GPU 0 {2}Card {2}8\.0 GiB {2}GPU-77 {2}by nvidia-smi {2}others visible: in part \(nvidia-smi lists compute/,
      );
      expect(out).toMatch(/^Not by NVML: \S+libnvidia-ml\.so\.1 can't be loaded: /m);
      expect(out).toMatch(new RegExp(`on it: .*pid ${process.pid}, .*640 MiB`));
      expect(out).toMatch(/GPU 1 .* by xe/);
    } finally {
      sys.close();
    }
  });

  it("says what none can be read for", async () => {
    const { out } = await doctor({
      GPU_JOB_SUPERVISOR_NVML: join(directory, "libnvidia-ml.so.1"),
      PATH: "/nowhere",
    });
    expect(out).toMatch(
      /GPUs: none can be read: \S+libnvidia-ml\.so\.1 can't be loaded: .*; there is no nvidia-smi/,
    );
  });

  it("names the call that a driver hangs in, and ends", async () => {
    driver = new FakeNvml({ gpus: [{ used: 700 }], also: ["hang nvmlDeviceGetMemoryInfo_v2"] });
    const { code, out } = await doctor(driver.env);
    expect(code).toBe(0);
    expect(out).toMatch(/hasn't answered.*hangs in nvmlDeviceGetMemoryInfo_v2/);
  });
});

describe("rules that can't work", () => {
  const gpu = makeGpu(at(0), "A", 0, { "gpu.others.memoryMiB": 0, "gpu.newcomers.memoryMiB": 0 });
  it("come with the reason and the nearest metric that can be read", () => {
    const sample = makeSample(at(0), {}, { gpus: [gpu], gpusUnavailable: null });
    const [first] = unworkable(DEFAULT_RULES, sample);
    expect(first).toMatchObject({
      metric: "gpu.others.utilization",
      gpus: ["A"],
      why: "not read",
      instead: "gpu.newcomers.memoryMiB",
    });
  });

  it("without any such metric say what can be done by hand", () => {
    const blind = makeGpu(at(0), "A", 0);
    const sample = makeSample(at(0), {}, { gpus: [blind], gpusUnavailable: null });
    expect(unworkable(DEFAULT_RULES, sample)[0]?.instead).toMatch(/window, or pause it manually/);
  });
});
