/** The MIG instances of a GPU: their UUIDs and memory. Empty for a GPU without MIG. */
import type { InstanceReport } from "../report.ts";
import { OK } from "./codes.ts";
import { text } from "./layout.ts";
import type { Library } from "./library.ts";
import { Questions } from "./questions.ts";

const UUID_BYTES = 96;

export class Instances {
  readonly #library: Library;
  readonly #device: bigint;
  readonly #questions: Questions;
  #dueMs = Number.NEGATIVE_INFINITY;
  #last: InstanceReport[] = [];

  constructor(library: Library, device: bigint) {
    this.#library = library;
    this.#device = device;
    this.#questions = new Questions(library);
  }

  read(nowMs: number, everyMs: number): InstanceReport[] {
    if (nowMs < this.#dueMs) return this.#last;
    // The MIG mode changes rarely, and never while the GPU is in use.
    const divided = this.#isDivided();
    this.#dueMs = nowMs + (divided ? everyMs : 30 * everyMs);
    this.#last = divided ? this.#list(nowMs) : [];
    return this.#last;
  }

  #isDivided(): boolean {
    const current = Buffer.alloc(4);
    const pending = Buffer.alloc(4);
    const code = this.#library.call("nvmlDeviceGetMigMode", this.#device, current, pending);
    return code === OK && current.readUInt32LE() === 1;
  }

  #list(nowMs: number): InstanceReport[] {
    const most = Buffer.alloc(4);
    if (this.#library.call("nvmlDeviceGetMaxMigDeviceCount", this.#device, most) !== OK) return [];
    const found: InstanceReport[] = [];
    for (let place = 0; place < Math.min(64, most.readUInt32LE()); place++) {
      const handle = Buffer.alloc(8);
      const code = this.#library.call("nvmlDeviceGetMigDeviceHandleByIndex", this.#device, place, handle);
      if (code !== OK) continue;
      const device = handle.readBigUInt64LE();
      const uuid = Buffer.alloc(UUID_BYTES);
      if (this.#library.call("nvmlDeviceGetUUID", device, uuid, UUID_BYTES) !== OK) continue;
      const { totalMiB, usedMiB } = this.#questions.memory(device, nowMs);
      found.push({ uuid: text(uuid), memoryTotalMiB: totalMiB, memoryUsedMiB: usedMiB });
    }
    return found;
  }
}
