/** Which AMD or Intel cards /sys shows. Reads only, and nothing that wakes a sleeping GPU. */
import { join } from "node:path";
import type { GpuReport } from "../report.ts";
import { names, text } from "./device-files.ts";
import { parseUevent } from "./parse-card.ts";

export const VENDORS = { amd: "0x1002", intel: "0x8086" } as const;
export type Vendor = keyof typeof VENDORS;

export interface Card {
  directory: string;
  address: string;
  gpu: Pick<GpuReport, "uuid" | "index" | "name">;
}

/** In order of PCI address. */
export function findCards(root: string, vendor: Vendor): Card[] {
  const drm = join(root, "sys/class/drm");
  return names(drm)
    .filter((name) => /^card\d+$/.test(name) && text(drm, name, "device/vendor") === VENDORS[vendor])
    .map((name) => {
      const directory = join(drm, name, "device");
      const address = (parseUevent(text(directory, "uevent")).PCI_SLOT_NAME ?? name).toLowerCase();
      return { directory, address };
    })
    .sort((a, b) => (a.address < b.address ? -1 : 1))
    .map((card, index) => {
      const maker = vendor === "amd" ? "AMD" : "Intel";
      const name =
        text(card.directory, "product_name") || `${maker} GPU ${text(card.directory, "device")}`.trim();
      return { ...card, gpu: { uuid: `${maker}-${card.address}`, index, name } };
    });
}
