/** Which processes compute on AMD GPUs, from the compute driver (KFD) in /sys. Reads only. */
import { join } from "node:path";
import { names, text } from "./device-files.ts";
import { kfdNodes } from "./kfd-nodes.ts";

const MIB = 1024 * 1024;

export interface ComputeUse {
  pid: number;
  /** Null where the driver doesn't report it. */
  memoryMiB: number | null;
}

/** By PCI address. KFD has a file for each process on each GPU; it is there where it holds memory or a queue. */
export function computeUse(root: string): Map<string, ComputeUse[]> {
  const found = new Map<string, ComputeUse[]>();
  const nodes = kfdNodes(root);
  if (nodes.length === 0) return found;
  const proc = join(root, "sys/class/kfd/kfd/proc");
  for (const pid of names(proc)) {
    if (!/^\d+$/.test(pid)) continue;
    const queues = names(join(proc, pid, "queues")).map((queue) => text(proc, pid, "queues", queue, "gpuid"));
    for (const { id, address } of nodes) {
      const held = text(proc, pid, `vram_${id}`);
      const bytes = /^\d{1,18}$/.test(held) ? Number(held) : null;
      if (!bytes && !queues.includes(id)) continue;
      const list = found.get(address) ?? [];
      list.push({ pid: Number(pid), memoryMiB: bytes === null ? null : bytes / MIB });
      found.set(address, list);
    }
  }
  return found;
}
