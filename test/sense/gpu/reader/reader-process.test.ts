/**
 * Every way a driver fails: what is reported, what carries on, and that no tick ever waits.
 * Covers: src/sense/gpu/reader/reader-process.ts, src/sense/gpu/reader/spawn-reader.ts, src/sense/gpu/reader/read-gpus.ts,
 * src/sense/gpu/smi/read-smi.ts, src/sense/gpu/report.ts.
 */
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, it } from "vitest";
import { clock } from "../../../../src/clock.ts";
import { ReaderWatch } from "../../../../src/sense/gpu/reader/reader-process.ts";
import type { FakeMachine } from "../../../fakes/nvml/fake.ts";
import { compiler, describeWith } from "../../../needs.ts";
import { alive, until } from "../../../scenarios/real-supervisor.ts";
import { isComplete, PACE_MS, Reading } from "../reading.ts";

let reading: Reading;
afterEach(() => reading?.close());

const TWO: FakeMachine = {
  gpus: [
    { util: 10, used: 100 },
    { util: 20, used: 200 },
  ],
};
const begin = (machine: FakeMachine = TWO): void => {
  reading = new Reading(machine);
};

/** In pause(), which nothing else here calls (34 on x86-64; ppoll, 73, on ARM). */
const hangs = (pid: number): boolean =>
  readFileSync(`/proc/${pid}/syscall`, "utf8").search(/^(34|73) /) === 0;

describeWith(compiler)("a driver (needs a C compiler)", () => {
  it("that hangs for ever is given up: ticks go on, the reason is said, and a new process reads again", async () => {
    begin();
    await reading.sees("two GPUs", isComplete);
    const first = reading.watch.pid as number;
    reading.driver.set({ also: ["hang nvmlDeviceGetMemoryInfo_v2@1"] });
    const before = reading.ticks;
    expect(await reading.fails(/hasn't answered for \d+ s/)).toMatch(/answered.*answered/);
    // A tick that waited for the driver would never have come back.
    expect(reading.ticks - before).toBeGreaterThan(1);
    await until("the hung process to be gone", () => !alive(first));
    reading.driver.set({ also: [] });
    reading.aheadMs += 60_000;
    await reading.sees("two GPUs again", isComplete);
    expect(reading.watch.pid).not.toBe(first);
  });

  it("that hangs doesn't keep its process when the supervisor is killed", async () => {
    begin();
    const program = join(import.meta.dirname, "../../../children/gpu-watch.ts");
    const parent = spawn(process.execPath, [program, reading.driver.library], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let last = { pid: 0, reads: false };
    createInterface(parent.stdout).on("line", (line) => {
      last = JSON.parse(line);
    });
    await until("a report", () => last.reads);
    reading.driver.set({ also: ["hang nvmlDeviceGetMemoryInfo_v2"] });
    await until("the hang", () => hangs(last.pid));
    parent.kill("SIGKILL");
    await until("the end of the reading process", () => !alive(last.pid));
  });

  it("whose hung process can't be ended gets no second one", async () => {
    begin();
    await reading.sees("two GPUs", isComplete);
    reading.driver.set({ also: ["hang nvmlDeviceGetUtilizationRates"] });
    // Its end isn't heard of while ticks don't let the loop run: as with one stuck in the kernel.
    const pid = reading.watch.pid as number;
    const nowMs = clock.now().monotonicMs;
    for (let i = 0; i < 100; i++) reading.watch.look(nowMs + 10_000_000 + i * 1000);
    expect(reading.watch.pid).toBeNull();
    const seen = reading.watch.look(nowMs + 20_000_000);
    expect("gpus" in seen && seen.gpus[0]?.memoryUsedMiB).toContain(
      `pid ${pid}) hangs in it and can't be killed`,
    );
  });

  it("that loses a GPU costs that GPU only, and it comes back under its UUID", async () => {
    begin();
    await reading.sees("two GPUs", isComplete);
    reading.driver.set({ also: ["fail *@1 15"] });
    const lost = await reading.sees("the loss", ([, second]) => /lost/.test(String(second?.utilization)));
    expect(lost[0]).toMatchObject({ utilization: 10, memoryUsedMiB: 100 });
    expect(lost[1]).toMatchObject({ uuid: "GPU-fake-1", index: 1 });
    reading.driver.set({ also: ["fail *@1 15", "fail nvmlDeviceGetHandleByIndex_v2@1 999"] });
    const searched = await reading.sees("a search", ([, second]) =>
      /NVML 999/.test(String(second?.utilization)),
    );
    expect(searched[1]?.uuid).toBe("GPU-fake-1");
    // The search for it costs the other GPU no reading.
    expect(searched[0]?.utilization).toBe(10);
    reading.driver.set({ also: [] });
    const back = await reading.sees("both", isComplete);
    expect(back.map(({ uuid }) => uuid)).toEqual(["GPU-fake-0", "GPU-fake-1"]);
  });

  it("that can't be opened is tried again until it can", async () => {
    begin({ ...TWO, also: ["fail nvmlInitWithFlags 999"] });
    await reading.fails(/unknown error \(NVML 999\)/);
    reading.driver.set({ also: [] });
    reading.aheadMs += 60_000;
    await reading.sees("two GPUs", isComplete);
  });

  it("that was upgraded underneath says what helps, and is tried in a new process after a minute", async () => {
    begin();
    await reading.sees("two GPUs", isComplete);
    reading.driver.set({ also: ["fail nvmlDeviceGetCount_v2 18", "fail nvmlInitWithFlags 18"] });
    await reading.fails(/upgraded while it was in use: reload it or reboot/);
    reading.aheadMs += 30_000;
    expect(reading.watch.pid).toBeNull();
    reading.driver.set({ also: [] });
    reading.look();
    expect(reading.watch.pid).toBeNull();
    reading.aheadMs += 31_000;
    await reading.sees("two GPUs again", isComplete);
  });

  it("that shows fewer GPUs, then more, is followed by UUID", async () => {
    begin();
    await reading.sees("two GPUs", isComplete);
    reading.driver.set({ gpus: [{ util: 20, used: 200, uuid: "GPU-fake-1" }] });
    const fewer = await reading.sees("one less", (gpus) =>
      gpus.some(
        ({ uuid, utilization }) =>
          uuid === "GPU-fake-0" && /no longer lists this GPU/.test(String(utilization)),
      ),
    );
    expect(fewer.find(({ uuid }) => uuid === "GPU-fake-1")).toMatchObject({ utilization: 20, index: 0 });
    reading.driver.set({
      gpus: [
        { util: 20, used: 200 },
        { util: 10, used: 100 },
        { util: 30, used: 300 },
      ],
    });
    const more = await reading.sees("three", (gpus) => gpus.length === 3 && isComplete(gpus));
    expect(more.map(({ utilization }) => utilization)).toEqual([20, 10, 30]);
  });

  it("that takes its process down is asked by another", async () => {
    begin();
    await reading.sees("two GPUs", isComplete);
    process.kill(reading.watch.pid as number, "SIGSEGV");
    await reading.fails(/SIGSEGV/);
    reading.aheadMs += 60_000;
    await reading.sees("two GPUs again", isComplete);
  });

  it("isn't taken for hung after a sleep of the supervisor itself", async () => {
    begin();
    await reading.sees("two GPUs", isComplete);
    const { pid } = reading.watch;
    const before = reading.look();
    reading.aheadMs += 3_600_000;
    // Looks of one moment: its silence doesn't go on while what it has said is being read.
    const nowMs = clock.now().monotonicMs + reading.aheadMs;
    await until("its next report", () => {
      const seen = reading.watch.look(nowMs);
      return "atMs" in seen && "atMs" in before && seen.atMs > before.atMs;
    });
    expect(reading.watch.pid).toBe(pid);
    await reading.sees("two GPUs still", isComplete);
  });

  it("whose process has ended isn't asked again while that would wake its GPU", async () => {
    let asleep = false;
    reading = new Reading(TWO, "current", { asleep: () => asleep });
    await reading.sees("two GPUs", isComplete);
    asleep = true;
    process.kill(reading.watch.pid as number, "SIGKILL");
    // After a second without a look, the next one tells of the sleep already.
    await reading.fails(/has failed|sleeps to save power/);
    reading.aheadMs += 60_000;
    await reading.fails(/sleeps to save power/);
    expect(reading.watch.pid).toBeNull();
    asleep = false;
    reading.aheadMs += 60_000;
    await reading.sees("two GPUs again", isComplete);
  });

  it("that can't be loaded leaves nvidia-smi, and without that the reason", async () => {
    const directory = mkdtempSync(join(tmpdir(), "supervisor-smi-"));
    const path = process.env.PATH;
    const watch = new ReaderWatch({
      source: "nvml",
      paceMs: PACE_MS,
      libraries: ["/nowhere/libnvidia-ml.so.1"],
    });
    try {
      const smi = join(directory, "nvidia-smi");
      const row =
        "GPU-1111, 0, 37, 24576, 22500, 1500, 61, [N/A], 450.00, Not Active, Not Active, Not Active, Some, Card";
      writeFileSync(
        smi,
        `#!/bin/sh\ncase "$1" in --query-gpu=*) echo '${row}';; *) echo 'GPU-1111, 4711, 900';; esac\n`,
      );
      chmodSync(smi, 0o755);
      process.env.PATH = `${directory}${delimiter}${path}`;
      const seen = await until("nvidia-smi's figures", () => {
        const report = watch.look(performance.now());
        if ("unavailable" in report) throw new Error(report.unavailable);
        return report.gpus[0];
      });
      expect(seen).toMatchObject({
        uuid: "GPU-1111",
        name: "Some, Card",
        utilization: 37,
        powerWatts: "nvidia-smi says 'N/A'",
        throttled: 0,
        processes: [{ pid: 4711, memoryMiB: 900 }],
      });
      expect(watch.hello?.source).toBe("nvidia-smi");

      // It fails as a whole when one GPU is lost, and tells of the others all the same.
      const lost = "Unable to determine the device handle for GPU 0000:01:00.0: Unknown Error";
      const other = row.replace("GPU-1111, 0", "GPU-2222, 1");
      writeFileSync(
        smi,
        `#!/bin/sh\ncase "$1" in --query-gpu=*) echo '${other}'; echo '${lost}' >&2; exit 15;; esac\n`,
      );
      const both = await until("the loss", () => {
        const report = watch.look(performance.now());
        return "gpus" in report && report.gpus.length === 2 ? report.gpus : null;
      });
      expect(both[0]).toMatchObject({ uuid: "GPU-1111", utilization: `nvidia-smi: ${lost}` });
      expect(both[1]).toMatchObject({ uuid: "GPU-2222", utilization: 37, processes: [] });
    } finally {
      process.env.PATH = path;
      watch.close();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
