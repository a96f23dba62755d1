/**
 * AMD and Intel: files of /sys and of open devices, written by hand after the kernel's documentation.
 * Covers: src/sense/gpu/drm/read-drm.ts, src/sense/gpu/drm/find-cards.ts, src/sense/gpu/drm/compute-use.ts,
 * src/sense/gpu/drm/parse-card.ts, src/sense/gpu/drm/parse-fdinfo.ts, src/sense/gpu/drm/sweep.ts,
 * src/sense/gpu/drm/device-files.ts.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { figure, kfdAddress, parseCard, parseUevent } from "../../../../src/sense/gpu/drm/parse-card.ts";
import { parseFdinfo, percentBetween } from "../../../../src/sense/gpu/drm/parse-fdinfo.ts";
import { openDrm } from "../../../../src/sense/gpu/drm/read-drm.ts";
import type { GpuReport } from "../../../../src/sense/gpu/report.ts";

const AMDGPU = `pos:	0
flags:	02100002
mnt_id:	27
drm-driver:	amdgpu
drm-client-id:	42
drm-pdev:	0000:03:00.0
pasid:	32781
drm-memory-vram:	2048 KiB
drm-memory-gtt: 	1024 KiB
drm-resident-vram:	1048576 KiB
drm-engine-gfx:	5000000000 ns
drm-engine-compute:	0 ns
`;
const I915 = `drm-driver:	i915
drm-client-id:	7
drm-pdev:	0000:00:02.0
drm-engine-render:	25662044495 ns
drm-engine-video:	1000 ns
drm-engine-capacity-video:	2
drm-resident-local0:	512 MiB
`;
const XE = `drm-driver:	xe
drm-client-id:	3
drm-pdev:	0000:08:00.0
drm-cycles-ccs:	1000
drm-total-cycles-ccs:	4000
drm-engine-capacity-ccs:	2
drm-resident-vram0:	1073741824
drm-resident-vram1:	1073741824
`;

describe("an open graphics device", () => {
  it("of amdgpu, i915 and xe", () => {
    expect(parseFdinfo(AMDGPU)).toEqual({
      driver: "amdgpu",
      device: "0000:03:00.0",
      id: "42",
      engines: { gfx: { ns: 5e9 }, compute: { ns: 0 } },
      memoryMiB: 1024,
      borrowedMiB: 1,
      holds: true,
      counted: true,
    });
    expect(parseFdinfo(I915)).toMatchObject({
      engines: { render: { ns: 25662044495 }, video: { ns: 500 } },
      memoryMiB: 512,
    });
    expect(parseFdinfo(XE)).toMatchObject({ engines: { ccs: { cycles: 500, of: 4000 } }, memoryMiB: 2048 });
  });

  it("of older amdgpu tells its memory under another name, and of an iGPU none", () => {
    expect(parseFdinfo(AMDGPU.replace(/drm-resident.*\n/, ""))?.memoryMiB).toBe(2);
    expect(
      parseFdinfo(I915.replace(/drm-resident.*\n/, "drm-resident-system0: 5 MiB\n"))?.memoryMiB,
    ).toBeNull();
    expect(parseFdinfo(AMDGPU.replace("1048576 KiB", "lots").replace("2048 KiB", "?"))?.memoryMiB).toBeNull();
  });

  it("of anything else is none", () => {
    for (const text of [
      "",
      "pos:\t0\nflags:\t02\n",
      "drm-driver:\tvgem\n",
      AMDGPU.replace("0000:03:00.0", "here"),
    ])
      expect(parseFdinfo(text)).toBeNull();
  });

  it("is used for the share of time between two looks, and nobody knows without two", () => {
    const then = parseFdinfo(AMDGPU) as NonNullable<ReturnType<typeof parseFdinfo>>;
    const now = { ...then, engines: { gfx: { ns: 5.5e9 }, compute: { ns: 1e8 } } };
    expect(percentBetween(then, now, 1000)).toBe(50);
    expect(percentBetween(then, { ...then, engines: {} }, 1000)).toBeNull();
    expect(percentBetween(now, then, 1000)).toBeNull();
    const xe = parseFdinfo(XE) as typeof then;
    expect(percentBetween(xe, { ...xe, engines: { ccs: { cycles: 1500, of: 8000 } } }, 1)).toBe(25);
  });

  it("never throws and never makes up a figure", () => {
    const name = fc.constantFrom(
      "drm-pdev",
      "drm-client-id",
      "drm-engine-gfx",
      "drm-cycles-rcs",
      "drm-total-cycles-rcs",
      "drm-resident-vram",
      "x",
    );
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom("0000:03:00.0", "7", "9 ns", "4 KiB", "-3 ns", "18446744073709551615"),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (lines) => {
        const client = parseFdinfo(lines.map(([key, said]) => `${key}:\t${said}`).join("\n"));
        if (client?.memoryMiB !== null && client !== null)
          expect(Number.isFinite(client.memoryMiB)).toBe(true);
        if (client)
          expect(percentBetween(client, client, 0)).toSatisfy((share) => share === null || share === 0);
      }),
    );
  });
});

describe("an amdgpu card's files", () => {
  it("become figures in our units, power from whichever file there is", () => {
    const files = {
      gpu_busy_percent: { text: "63\n" },
      mem_info_vram_total: { text: "17163091968\n" },
      mem_info_vram_used: { text: "1073741824\n" },
      temperature: { text: "54000\n" },
      power1_input: { text: "133000000\n" },
      power1_average: { error: "ENOENT" },
    };
    expect(parseCard(files)).toEqual({
      utilization: 63,
      memoryTotalMiB: 16368,
      memoryFreeMiB: 15_344,
      memoryUsedMiB: 1024,
      temperature: 54,
      powerWatts: 133,
      powerLimitWatts: expect.stringMatching(/doesn't report/),
    });
  });

  it("that sleep, are missing or are senseless become reasons", () => {
    expect(figure({ error: "EBUSY" })).toMatch(/sleeps/);
    expect(figure({ error: "EIO" })).toMatch(/EIO/);
    expect(figure({ text: "" })).toMatch(/isn't a number/);
    fc.assert(
      fc.property(fc.string(), (text) => {
        const told = figure({ text });
        return typeof told === "string" || String(told) === text.trim().replace(/^0+(?=\d)/, "");
      }),
    );
  });

  it("name the card and its place", () => {
    expect(parseUevent("DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0\nx\n").PCI_SLOT_NAME).toBe("0000:03:00.0");
    expect(kfdAddress("cpu_cores_count 0\nsimd_count 64\nlocation_id 768\ndomain 0\n")).toBe("0000:03:00.0");
    expect(kfdAddress("cpu_cores_count 16\nsimd_count 0\nlocation_id 0\n")).toBeNull();
    expect(kfdAddress("garbage")).toBeNull();
  });
});

describe("a machine with such cards", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "supervisor-drm-"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const put = (path: string, content: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  const client = (pid: number, text: string): void => {
    put(`proc/${pid}/fdinfo/5`, text);
    mkdirSync(join(root, `proc/${pid}/fd`), { recursive: true });
    rmSync(join(root, `proc/${pid}/fd/5`), { force: true });
    symlinkSync("/dev/dri/renderD128", join(root, `proc/${pid}/fd/5`));
  };
  const poll = async (...times: number[]): Promise<GpuReport[]> => {
    const reader = openDrm(root);
    let gpus: GpuReport[] = [];
    for (const [turn, atMs] of times.entries()) {
      if (turn > 0) client(900, AMDGPU.replace("5000000000", String(5e9 + 3e9 * turn)));
      const message = await reader.poll(atMs);
      if (message.is === "report") gpus = message.gpus;
    }
    return gpus;
  };
  const card = (): void => {
    const device = "sys/class/drm/card1/device";
    put(`${device}/vendor`, "0x1002\n");
    put(`${device}/uevent`, "DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0\n");
    put(`${device}/product_name`, "Radeon RX 7900 XTX\n");
    put(`${device}/gpu_busy_percent`, "40\n");
    put(`${device}/mem_info_vram_total`, "25753026560\n");
    put(`${device}/mem_info_vram_used`, "2147483648\n");
    put(`${device}/hwmon/hwmon4/temp1_input`, "61000\n");
  };

  it("tells AMD's figures, its graphics processes by open files and its compute processes by KFD", async () => {
    card();
    client(900, AMDGPU);
    put("sys/class/kfd/kfd/topology/nodes/1/gpu_id", "51234\n");
    put("sys/class/kfd/kfd/topology/nodes/1/properties", "simd_count 192\nlocation_id 768\ndomain 0\n");
    put("sys/class/kfd/kfd/proc/901/vram_51234", "1073741824\n");
    const [gpu] = await poll(0, 10_000);
    expect(gpu).toMatchObject({
      uuid: "AMD-0000:03:00.0",
      name: "Radeon RX 7900 XTX",
      utilization: 40,
      memoryUsedMiB: 2048,
      temperature: 61,
      throttled: expect.stringMatching(/doesn't report/),
      processes: [
        { pid: 900, memoryMiB: 1024, smPercent: 30 },
        { pid: 901, memoryMiB: 1024, smPercent: expect.stringMatching(/doesn't report use/) },
      ],
    });
  });

  it("leaves a sleeping card alone, which nobody uses", async () => {
    card();
    put("sys/class/drm/card1/device/power/runtime_status", "suspended\n");
    const [gpu] = await poll(0);
    expect(gpu).toMatchObject({ asleep: true, utilization: 0, processes: [] });
    for (const told of [gpu?.memoryTotalMiB, gpu?.memoryFreeMiB, gpu?.temperature, gpu?.powerWatts])
      expect(told).toMatch(/sleeps/);
  });

  it("doesn't say of a sleeping card what it never tells when it is awake", async () => {
    put("sys/class/drm/card0/device/vendor", "0x8086\n");
    put("sys/class/drm/card0/device/uevent", "PCI_SLOT_NAME=0000:03:00.0\n");
    put("sys/class/drm/card0/device/power/runtime_status", "suspended\n");
    const [gpu] = await poll(0);
    expect(gpu).toMatchObject({ asleep: true, utilization: expect.stringMatching(/sleeps/) });
  });

  it("tells of Intel's only what its processes use", async () => {
    put("sys/class/drm/card0/device/vendor", "0x8086\n");
    put("sys/class/drm/card0/device/uevent", "PCI_SLOT_NAME=0000:00:02.0\n");
    client(950, I915);
    const [gpu] = await poll(0);
    expect(gpu).toMatchObject({
      uuid: "Intel-0000:00:02.0",
      utilization: expect.stringMatching(/Intel/),
      processes: [{ pid: 950, memoryMiB: 512, smPercent: expect.stringMatching(/two readings/) }],
    });
  });
});
