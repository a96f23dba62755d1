/** Which AMD and Intel cards /sys shows. Reads only, and nothing that wakes a sleeping GPU. */
import { join } from "node:path";
import type { GpuIdentity } from "../report.ts";
import { names, read, text } from "./device-files.ts";
import { kfdNodes } from "./kfd-nodes.ts";
import { isApu, parseUevent } from "./parse-card.ts";

const VENDORS = { "0x1002": "AMD", "0x8086": "Intel" } as const;
type Maker = (typeof VENDORS)[keyof typeof VENDORS];

export interface Card {
  directory: string;
  address: string;
  maker: Maker;
  gpu: GpuIdentity;
}

/** Intel's integrated GPU has this place on every machine. */
const INTEL_INTEGRATED = "0000:00:02.0";

/**
 * AMD's, then Intel's, each in order of PCI address. `apus` remembers by address which AMD GPU is an APU's,
 * since the file that tells is expensive.
 */
export function findCards(root: string, apus = new Map<string, boolean>()): Card[] {
  const drm = join(root, "sys/class/drm");
  const found = names(drm).flatMap((name) => {
    if (!/^card\d+$/.test(name)) return [];
    const directory = join(drm, name, "device");
    const maker = VENDORS[text(directory, "vendor") as keyof typeof VENDORS];
    if (maker === undefined) return [];
    const { PCI_SLOT_NAME, DRIVER = maker } = parseUevent(text(directory, "uevent"));
    // Without an address none of its processes is found, which doesn't mean that it has none.
    if (PCI_SLOT_NAME === undefined) return [];
    return [{ directory, address: PCI_SLOT_NAME.toLowerCase(), maker, source: DRIVER }];
  });
  found.sort((a, b) => (`${a.maker} ${a.address}` < `${b.maker} ${b.address}` ? -1 : 1));
  const rocm = kfdNodes(root);
  const intel = found.filter(({ maker }) => maker === "Intel");
  return found.map((card, index) => {
    const { directory, address, maker, source } = card;
    const name = text(directory, "product_name") || `${maker} GPU ${text(directory, "device")}`.trim();
    const integrated = maker === "Intel" ? address === INTEL_INTEGRATED : integratedAmd(card, apus);
    const number =
      maker === "Intel" ? intel.indexOf(card) : rocm.findIndex((node) => node.address === address);
    const runtime = maker === "Intel" ? ("level-zero" as const) : ("rocm" as const);
    return {
      directory,
      address,
      maker,
      gpu: {
        uuid: `${maker}-${address}`,
        index,
        name,
        source,
        ...(integrated && { integrated: true as const }),
        ...(number >= 0 && { device: { runtime, number, ...aliasOf(directory) } }),
      },
    };
  });
}

/** ROCm's UUID. Older cards have none. */
function aliasOf(directory: string): { alias?: string } {
  const id = text(directory, "unique_id");
  return /^[0-9a-f]{8,32}$/i.test(id) && !/^0+$/.test(id) ? { alias: `GPU-${id.toLowerCase()}` } : {};
}

export const sleeps = ({ directory }: Pick<Card, "directory">): boolean =>
  text(directory, "power/runtime_status") === "suspended";

function integratedAmd(card: Pick<Card, "directory" | "address">, known: Map<string, boolean>): boolean {
  const before = known.get(card.address);
  if (before !== undefined) return before;
  // An APU's GPU doesn't sleep while its processor runs.
  if (sleeps(card)) return false;
  const { directory } = card;
  const apu = isApu({
    gpu_metrics: read(directory, "gpu_metrics"),
    mem_busy_percent: read(directory, "mem_busy_percent"),
    mem_info_vram_total: read(directory, "mem_info_vram_total"),
    mem_info_gtt_total: read(directory, "mem_info_gtt_total"),
  });
  known.set(card.address, apu);
  return apu;
}
