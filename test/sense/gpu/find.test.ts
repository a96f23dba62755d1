/**
 * Which GPUs are found, and that nothing is started or woken where there are none.
 * Covers: src/sense/gpu/find.ts, src/sense/gpu/source.ts.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { findGpus } from "../../../src/sense/gpu/find.ts";
import { createGpuSource } from "../../../src/sense/gpu/source.ts";
import { ProcessOwners } from "../../../src/sense/owners/process-owners.ts";
import { readChildren } from "../../../src/sense/proc/process.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "supervisor-find-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function have(path: string, text = ""): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
const find = () => findGpus({ root, env: {} });
const found = () => find().sources.map(({ task }) => task.source);

it("without a driver or device nothing is read, and no process is started", () => {
  expect(find()).toMatchObject({ sources: [], missing: expect.stringMatching(/^no GPU was found/) });
  const settings = () => ({ ignore: [], ignoreGpuBelow: 30, pollSeconds: 1 });
  const source = createGpuSource({ owners: new ProcessOwners(process.pid), root, env: {}, settings });
  const before = readChildren(process.pid);
  for (let second = 0; second < 200; second += 50) {
    const { gpus, unavailable } = source.read({ wallMs: 0, monotonicMs: second * 1000 }, []);
    expect(gpus).toEqual([]);
    expect(unavailable).toMatch(/no GPU was found/);
  }
  expect(readChildren(process.pid)).toEqual(before);
  source.close();
});

it("an NVIDIA device is read through the driver's library", () => {
  have("dev/nvidia0");
  expect(find().sources).toMatchObject([
    { task: { source: "nvml", libraries: expect.arrayContaining(["libnvidia-ml.so.1"]) }, places: true },
  ]);
});

it("a sleeping NVIDIA GPU isn't woken, and is read once it is awake", () => {
  have("dev/nvidia0");
  have("sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n");
  have("sys/bus/pci/devices/0000:01:00.0/class", "0x030000\n");
  have("sys/bus/pci/devices/0000:01:00.0/power/runtime_status", "suspended\n");
  expect(find()).toMatchObject({
    sources: [],
    missing: expect.stringMatching(/sleeps/),
    lookAgainMs: 5000,
  });
  have("sys/bus/pci/devices/0000:01:00.0/power/runtime_status", "active\n");
  expect(found()).toEqual(["nvml"]);
});

it("under WSL2 the GPU is read, but its use is attributed to no process", () => {
  have("dev/dxg");
  expect(find().sources).toMatchObject([{ task: { source: "nvml" }, blind: expect.stringMatching(/WSL2/) }]);
});

it("all makers' GPUs are read together", () => {
  have("sys/class/drm/card0/device/vendor", "0x8086\n");
  have("sys/class/drm/card0/device/uevent", "DRIVER=i915\nPCI_SLOT_NAME=0000:00:02.0\n");
  expect(find().sources).toMatchObject([{ task: { source: "kernel", rarely: true }, places: false }]);
  have("sys/class/drm/card1/device/vendor", "0x8086\n");
  have("sys/class/drm/card1/device/uevent", "DRIVER=xe\nPCI_SLOT_NAME=0000:03:00.0\n");
  expect(find().sources).toMatchObject([{ task: { source: "kernel", rarely: true }, places: true }]);
  have("sys/class/drm/card2/device/vendor", "0x1002\n");
  have("sys/class/drm/card2/device/uevent", "DRIVER=amdgpu\nPCI_SLOT_NAME=0000:0a:00.0\n");
  expect(find().sources[0]?.task).not.toHaveProperty("rarely");
  have("dev/nvidia0");
  expect(found()).toEqual(["nvml", "kernel"]);
});

it("a driver without a device says so", () => {
  have("proc/driver/nvidia/version", "NVRM version: ...");
  expect(find()).toMatchObject({
    sources: [],
    missing: expect.stringMatching(/driver is loaded, but has no GPU/),
  });
});

it("a library given by hand stands for the driver", () => {
  have("sys/class/drm/card0/device/vendor", "0x1002\n");
  const { sources } = findGpus({ root, env: { GPU_JOB_SUPERVISOR_NVML: "/x/libnvidia-ml.so.1" } });
  expect(sources).toMatchObject([
    { task: { source: "nvml", libraries: ["/x/libnvidia-ml.so.1"] }, blind: null },
  ]);
});
