/** Which processes compute on AMD GPUs, from the compute driver (KFD) in /sys. Reads only. */
import { join } from "node:path";
import { names, text } from "./device-files.ts";
import { kfdAddress } from "./parse-card.ts";
import type { DeviceUse } from "./sweep.ts";

const MIB = 1024 * 1024;

/** Processes with the memory they hold, by PCI address. */
export function computeUse(root: string): Map<string, DeviceUse[]> {
  const kfd = join(root, "sys/class/kfd/kfd");
  const addresses = new Map<string, string>();
  for (const node of names(join(kfd, "topology/nodes"))) {
    const id = text(kfd, "topology/nodes", node, "gpu_id");
    const address = kfdAddress(text(kfd, "topology/nodes", node, "properties"));
    if (address !== null && /^[1-9]\d*$/.test(id)) addresses.set(id, address);
  }
  const found = new Map<string, DeviceUse[]>();
  for (const pid of names(join(kfd, "proc"))) {
    if (!/^\d+$/.test(pid)) continue;
    for (const [id, address] of addresses) {
      const held = text(kfd, "proc", pid, `vram_${id}`);
      if (!/^\d{1,18}$/.test(held)) continue;
      const list = found.get(address) ?? [];
      list.push({ pid: Number(pid), memoryMiB: Number(held) / MIB, percent: null });
      found.set(address, list);
    }
  }
  return found;
}
