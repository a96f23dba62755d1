/** Whole machines with AMD's and Intel's GPUs as files, written by hand after the kernel's documentation. */
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { FakeSys } from "../../fakes/sysfs.ts";
import { FOREIGN } from "./waiting-job.ts";

const GIB = 1024 ** 3;
/** Time between two looks. */
export const APART_MS = 20_000;

export const FIGURES = [
  "utilization",
  "memoryTotalMiB",
  "memoryFreeMiB",
  "memoryUsedMiB",
  "temperature",
  "powerWatts",
  "powerLimitWatts",
  "throttled",
] as const;

/** What each figure of an idle GPU can be; a process's are `held` and `used`. */
export type Told = Record<(typeof FIGURES)[number] | "held" | "used", number[]>;
export type Files = ReadonlyMap<string, string | Buffer>;

export interface Machine {
  /** By path, their text; `share`: of the time since the look before in which the foreign program has computed. */
  files: (share: number) => Files;
  told: Told;
  /** A job that names no GPU waits for this one. */
  isPlace: boolean;
}

type Lines = (share: number) => Record<string, string>;

function machine(driver: "amdgpu" | "i915" | "xe", address: string, files: object, client: Lines) {
  const card = "sys/class/drm/card0/device";
  return (share: number): Files => {
    const lines = { driver, "client-id": "31", pdev: address, ...client(share) };
    const text = Object.entries(lines).map(([key, value]) => `drm-${key}:\t${value}\n`);
    const all = {
      vendor: driver === "amdgpu" ? "0x1002" : "0x8086",
      uevent: `DRIVER=${driver}\nPCI_SLOT_NAME=${address}`,
      ...files,
      ...(driver === "amdgpu" && { gpu_busy_percent: share === 0 ? 6 : 94 }),
    };
    return new Map<string, string | Buffer>([
      ...Object.entries(all).map(([name, value]): [string, string | Buffer] => [
        name.startsWith("sys/") ? name : `${card}/${name}`,
        Buffer.isBuffer(value) ? value : `${value}\n`,
      ]),
      [`proc/${FOREIGN}/fdinfo/7`, text.join("")],
    ]);
  };
}

const engine = (name: string) => (share: number) => ({ [name]: `${1000 + share * APART_MS * 1e6} ns` });
const amd = {
  mem_info_vram_total: 24 * GIB,
  mem_info_vram_used: 5 * GIB,
  mem_info_gtt_total: 60 * GIB,
  mem_info_gtt_used: 2 * GIB,
  "hwmon/hwmon4/temp1_label": "edge",
  "hwmon/hwmon4/temp1_input": 51_000,
  "hwmon/hwmon4/temp2_label": "junction",
  "hwmon/hwmon4/temp2_input": 63_000,
  "hwmon/hwmon4/power1_average": 77_000_000,
  "hwmon/hwmon4/power1_input": 78_000_000,
  "hwmon/hwmon4/power1_cap": 300_000_000,
};
const kfd = {
  "sys/class/kfd/kfd/topology/nodes/1/gpu_id": 7117,
  "sys/class/kfd/kfd/topology/nodes/1/properties": `simd_count 128\nlocation_id ${0x4300}\ndomain 0`,
};
const metrics = (format: number): Buffer => Buffer.from([0x80, 0x00, format, 0x03, 0xff, 0xff, 0, 0]);
const AMD_TOLD: Told = {
  utilization: [6],
  throttled: [],
  // With what it may borrow where it is taken for a processor's.
  memoryTotalMiB: [24 * 1024, 84 * 1024],
  memoryFreeMiB: [19 * 1024, 77 * 1024],
  memoryUsedMiB: [5 * 1024, 7 * 1024],
  temperature: [51, 63],
  powerWatts: [77, 78],
  powerLimitWatts: [300],
  held: [120, 700, 820, 2600],
  used: [0],
};
const INTEL_TOLD: Told = {
  ...AMD_TOLD,
  utilization: [],
  memoryTotalMiB: [],
  memoryFreeMiB: [],
  memoryUsedMiB: [],
  powerWatts: [],
  powerLimitWatts: [],
};
const own: Lines = (share) => ({
  "resident-vram": "700 MiB",
  "resident-gtt": "120 MiB",
  ...engine("engine-gfx")(share),
});
const cycles: Lines = (share) => ({
  "resident-vram0": "700 MiB",
  "cycles-ccs": String(1000 + share * 2e6),
  "total-cycles-ccs": String(share === 0 ? 5e6 : 7e6),
});
const card = { ...amd, ...kfd, mem_busy_percent: 2, gpu_metrics: metrics(1) };
const labelled = {
  "hwmon/hwmon6/temp1_label": "pkg",
  "hwmon/hwmon6/temp1_input": 51_000,
  "hwmon/hwmon6/temp2_label": "vram",
  "hwmon/hwmon6/temp2_input": 63_000,
};
const rocm = {
  [`sys/class/kfd/kfd/proc/${FOREIGN}/vram_7117`]: 2600 * 1024 ** 2,
  [`sys/class/kfd/kfd/proc/${FOREIGN}/queues/0/gpuid`]: 7117,
};

export const MACHINES: Record<string, Machine> = {
  "an AMD card with a graphics program": {
    files: machine("amdgpu", "0000:43:00.0", card, own),
    told: AMD_TOLD,
    isPlace: true,
  },
  "an AMD card with a ROCm program": {
    files: machine("amdgpu", "0000:43:00.0", { ...card, ...rocm }, () => ({ "resident-vram": "0" })),
    told: AMD_TOLD,
    isPlace: true,
  },
  "an AMD processor's GPU": {
    files: machine("amdgpu", "0000:64:00.0", { ...amd, gpu_metrics: metrics(2) }, own),
    told: AMD_TOLD,
    isPlace: false,
  },
  "an Arc by xe": {
    files: machine("xe", "0000:04:00.0", labelled, cycles),
    told: INTEL_TOLD,
    isPlace: true,
  },
  "an Intel processor's GPU": {
    files: machine("i915", "0000:00:02.0", {}, (share) => ({
      "resident-system0": "120 MiB",
      ...engine("engine-render")(share),
    })),
    told: INTEL_TOLD,
    isPlace: false,
  },
};

/** The files of a machine below a root, changed in place. */
export class Tree {
  readonly #sys = new FakeSys();

  get root(): string {
    return this.#sys.root;
  }

  /** `changes`: by path, another text; null: the file is missing. */
  fill(files: Files, changes: Readonly<Record<string, string | null>>): void {
    for (const [path, text] of files) {
      const change = changes[path];
      if (change === null) rmSync(join(this.root, path), { force: true });
      else this.#sys.put(path, change ?? text);
    }
    const fd = join(this.root, `proc/${FOREIGN}/fd/7`);
    mkdirSync(dirname(fd), { recursive: true });
    rmSync(fd, { force: true });
    symlinkSync("/dev/dri/renderD128", fd);
  }

  close(): void {
    this.#sys.close();
  }
}
