/** The CPU time that cgroups, of version 1 or 2, have used. */
import { existsSync } from "node:fs";
import type { KeptFiles } from "../proc/kept-file.ts";
import { parseCgroupCpu } from "../proc/parse.ts";

export class CgroupCpu {
  readonly #files: KeptFiles;
  /** Name of the file with the CPU time; the same in all cgroups of a machine. */
  #name: string | null = null;

  constructor(files: KeptFiles) {
    this.#files = files;
  }

  /** Milliseconds of CPU that a cgroup has used since its creation; null when it can't be read. */
  read(directory: string): number | null {
    this.#name ??= ["cpuacct.usage", "cpu.stat"].find((name) => existsSync(`${directory}/${name}`)) ?? null;
    const text = this.#name && this.#files.read(`${directory}/${this.#name}`);
    return text === null ? null : parseCgroupCpu(text);
  }
}
