/**
 * The processes on one GPU, from the driver's three lists (compute, graphics, MPS), with the strides of
 * every driver since R450. The graphics list is expensive: callers ask for it rarely, or on a hint of a
 * process that isn't listed yet.
 */
import { FUNCTION_NOT_FOUND, INSUFFICIENT_SIZE, NOT_SUPPORTED, OK, words } from "./codes.ts";
import { LARGEST_ENTRY, type ListedProcess, processList } from "./layout.ts";
import type { Library } from "./library.ts";

const FIRST_ROOM = 64;
const MOST_ROOM = 8192;
const KINDS = ["Compute", "MPSCompute", "Graphics"] as const;

interface Question {
  call: string;
  stride: number;
}

/** Shared by all GPUs of one driver. */
export class ProcessLists {
  readonly #library: Library;
  readonly #questions: Record<(typeof KINDS)[number], Question>;
  readonly #count = Buffer.alloc(4);
  #buffer = Buffer.alloc(FIRST_ROOM * LARGEST_ENTRY);

  constructor(library: Library) {
    this.#library = library;
    const wide =
      library.has("nvmlDeviceGetConfComputeMemSizeInfo") &&
      !library.has("nvmlDeviceGetRunningProcessDetailList");
    const question = (kind: string): Question => {
      const base = `nvmlDeviceGet${kind}RunningProcesses`;
      const call = library.firstOf(`${base}_v3`, `${base}_v2`, base);
      // Drivers 535.43 to 535.86 write longer entries under the same name.
      return { call, stride: call.endsWith("_v3") ? (wide ? 32 : 24) : call.endsWith("_v2") ? 24 : 16 };
    };
    this.#questions = {
      Compute: question("Compute"),
      MPSCompute: question("MPSCompute"),
      Graphics: question("Graphics"),
    };
  }

  /** The list, or NVML's return code. */
  ask(device: bigint, kind: (typeof KINDS)[number]): ListedProcess[] | number {
    const { call, stride } = this.#questions[kind];
    for (;;) {
      const room = this.#buffer.length / LARGEST_ENTRY;
      this.#count.writeUInt32LE(room);
      const code = this.#library.call(call, device, this.#count, this.#buffer);
      const count = this.#count.readUInt32LE();
      if (code === OK) return processList(this.#buffer, Math.min(count, room), stride);
      if (code !== INSUFFICIENT_SIZE || room >= MOST_ROOM) return code;
      // The list may grow in between.
      this.#buffer = Buffer.alloc(Math.min(MOST_ROOM, Math.max(room * 2, count + 16)) * LARGEST_ENTRY);
    }
  }
}

const isAbsent = (code: number): boolean => code === NOT_SUPPORTED || code === FUNCTION_NOT_FOUND;

type Listed = ListedProcess[] | number;

/**
 * MiB by pid, or why that is unknown. Memory counts once for a process in several lists, and once per MIG
 * instance. The compute list is required; a driver that lacks another list has no such processes.
 */
export function mergeLists(compute: Listed, ...others: Listed[]): Map<number, number | null> | string {
  const held = new Map<string, { pid: number; memoryMiB: number | null }>();
  for (const list of [compute, ...others]) {
    if (typeof list === "number") {
      if (list !== compute && isAbsent(list)) continue;
      return words(list);
    }
    for (const { pid, memoryMiB, instance } of list) {
      const key = `${pid} ${instance ?? ""}`;
      const known = held.get(key)?.memoryMiB ?? null;
      const most = memoryMiB === null ? known : Math.max(memoryMiB, known ?? 0);
      held.set(key, { pid, memoryMiB: most });
    }
  }
  const found = new Map<number, number | null>();
  for (const { pid, memoryMiB } of held.values()) {
    const before = found.get(pid);
    found.set(
      pid,
      before === undefined ? memoryMiB : before === null || memoryMiB === null ? null : before + memoryMiB,
    );
  }
  return found;
}
