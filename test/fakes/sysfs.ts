/** A tree of /sys, /dev and /proc as kernel drivers lay it out for graphics cards; tests say what is in it. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const MIB = 1024 ** 2;

export interface FakeCard {
  driver: "amdgpu" | "i915" | "xe";
  address: string;
  /** Paths below the card's device, with their text. */
  files?: Record<string, string | number>;
}

export class FakeSys {
  readonly root = mkdtempSync(join(tmpdir(), "supervisor-sys-"));
  #cards = 0;

  get env(): Record<string, string> {
    return { GPU_JOB_SUPERVISOR_GPU_ROOT: this.root };
  }

  put(path: string, content: string | Buffer): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), content);
  }

  /** Returns the folder of its device. */
  card({ driver, address, files = {} }: FakeCard): string {
    const device = `sys/class/drm/card${this.#cards++}/device`;
    this.put(`${device}/vendor`, driver === "amdgpu" ? "0x1002\n" : "0x8086\n");
    this.put(`${device}/uevent`, `DRIVER=${driver}\nPCI_SLOT_NAME=${address}\n`);
    for (const [path, text] of Object.entries(files)) this.put(`${device}/${path}`, `${text}\n`);
    return device;
  }

  /** An AMD card's metrics: the format tells a processor's GPU (2, 3) from a card (1). */
  metrics(device: string, format: number): void {
    this.put(`${device}/gpu_metrics`, Buffer.from([0x80, 0x00, format, 0x03, 0xff, 0xff, 0, 0]));
  }

  /** A suspended or awake NVIDIA GPU on the PCI bus. */
  nvidia(address: string, status: "suspended" | "active"): void {
    const device = `sys/bus/pci/devices/${address}`;
    this.put("dev/nvidia0", "");
    this.put(`${device}/vendor`, "0x10de\n");
    this.put(`${device}/class`, "0x030200\n");
    this.put(`${device}/power/runtime_status`, `${status}\n`);
  }

  /** An open graphics device of a process: lines of its fdinfo without "drm-". */
  open(pid: number, fd: number, driver: string, address: string, lines: Record<string, string>): void {
    const said = { driver, "client-id": `${pid}${fd}`, pdev: address, ...lines };
    const text = Object.entries(said).map(([key, value]) => `drm-${key}:\t${value}\n`);
    this.put(`proc/${pid}/fdinfo/${fd}`, `pos:\t0\nflags:\t02100002\n${text.join("")}`);
    mkdirSync(join(this.root, `proc/${pid}/fd`), { recursive: true });
    rmSync(join(this.root, `proc/${pid}/fd/${fd}`), { force: true });
    symlinkSync("/dev/dri/renderD128", join(this.root, `proc/${pid}/fd/${fd}`));
  }

  /** It has ended. */
  gone(pid: number): void {
    rmSync(join(this.root, `proc/${pid}`), { recursive: true, force: true });
  }

  /** A node of AMD's compute driver; `place` is the bus and device of its address, as hexadecimal "0300". */
  kfdNode(node: number, id: number, place: string): void {
    const nodes = `sys/class/kfd/kfd/topology/nodes/${node}`;
    this.put(`${nodes}/gpu_id`, `${id}\n`);
    this.put(`${nodes}/properties`, `simd_count 128\nlocation_id ${Number.parseInt(place, 16)}\ndomain 0\n`);
  }

  /** Memory in MiB and queues of a process on a GPU of the compute driver. */
  kfdProcess(pid: number, gpu: number, memoryMiB: number, queues = 0): void {
    const proc = `sys/class/kfd/kfd/proc/${pid}`;
    this.put(`${proc}/vram_${gpu}`, `${memoryMiB * MIB}\n`);
    for (let queue = 0; queue < queues; queue++) this.put(`${proc}/queues/${gpu}${queue}/gpuid`, `${gpu}\n`);
  }

  close(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
