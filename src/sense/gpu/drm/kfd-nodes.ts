/** AMD's GPUs as the compute driver (KFD) knows them, in the order in which ROCm numbers them. Reads only. */
import { join } from "node:path";
import { names, text } from "./device-files.ts";
import { kfdAddress } from "./parse-card.ts";

export interface KfdNode {
  /** The GPU's name in KFD's other files. */
  id: string;
  /** PCI address. */
  address: string;
}

export function kfdNodes(root: string): KfdNode[] {
  const nodes = join(root, "sys/class/kfd/kfd/topology/nodes");
  return names(nodes)
    .sort((a, b) => Number(a) - Number(b))
    .flatMap((node) => {
      const id = text(nodes, node, "gpu_id");
      const address = kfdAddress(text(nodes, node, "properties"));
      return address !== null && /^[1-9]\d*$/.test(id) ? [{ id, address }] : [];
    });
}
