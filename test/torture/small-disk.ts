/** A small file system of the torture's own, where one may be mounted: to be filled and emptied. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const SIZE_MIB = 24;

export class SmallDisk {
  readonly folder: string;
  /** Why there is none, so that the folder is part of the machine's disk; null where there is one. */
  readonly missing: string | null;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder);
    this.missing = mount(folder);
  }

  /** Leaves `freeMiB`. */
  fill(freeMiB: number): void {
    const { bavail, bsize } = statfsSync(this.folder);
    const bytes = bavail * bsize - freeMiB * 2 ** 20;
    try {
      if (bytes > 0) writeFileSync(join(this.folder, "fill"), Buffer.alloc(bytes + 4096));
    } catch {
      // Full before we were done: just that was wanted.
    }
  }

  unfill(): void {
    rmSync(join(this.folder, "fill"), { force: true });
  }

  close(): void {
    if (this.missing === null) execFileSync("umount", ["-l", this.folder]);
  }
}

function mount(folder: string): string | null {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE_MIB}m`, "tmpfs", folder], { stdio: "ignore" });
    return null;
  } catch {
    return "mounting a small file system isn't allowed";
  }
}
