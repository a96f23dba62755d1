/**
 * Bytes of NVML's structs → values, by the offsets in nvml.h (64-bit). Pure. "Not available" (all bits set)
 * becomes null, never a number.
 */

const MIB = 1024 * 1024;
const NOT_AVAILABLE = 0xffff_ffff_ffff_ffffn;
export const NO_INSTANCE = 0xffff_ffff;

/** Fits one entry of any driver's process list, so a wrong stride can't overrun the buffer. */
export const LARGEST_ENTRY = 32;
export const SAMPLE_BYTES = 32;
export const MEMORY_V1_BYTES = 24;
export const MEMORY_V2_BYTES = 40;
export const MEMORY_V2_VERSION = 0x0200_0028;
export const TEMPERATURE_VERSION = 0x0100_000c;

const mib = (bytes: Buffer, at: number): number | null => {
  const value = bytes.readBigUInt64LE(at);
  return value === NOT_AVAILABLE ? null : Number(value) / MIB;
};

export interface Memory {
  totalMiB: number | null;
  /** What a program can have: without what the driver reserves for itself. */
  freeMiB: number | null;
  usedMiB: number | null;
}

/** v1: `used` includes what the driver reserves for itself. */
export const memoryV1 = (bytes: Buffer): Memory => ({
  totalMiB: mib(bytes, 0),
  freeMiB: mib(bytes, 8),
  usedMiB: mib(bytes, 16),
});
export const memoryV2 = (bytes: Buffer): Memory => ({
  totalMiB: mib(bytes, 8),
  freeMiB: mib(bytes, 24),
  usedMiB: mib(bytes, 32),
});

/** One 32-bit figure; `bits64`: a 64-bit mask, of which the lower half counts. */
export function whole(bytes: Buffer, bits64 = false): number | null {
  const value = bytes.readUInt32LE(0);
  const all = value === 0xffff_ffff && (!bits64 || bytes.readUInt32LE(4) === 0xffff_ffff);
  return all ? null : value;
}

export interface ListedProcess {
  pid: number;
  memoryMiB: number | null;
  /** GPU instance, on a GPU with MIG. */
  instance: number | null;
}

/** `count` entries of `stride` bytes. */
export function processList(bytes: Buffer, count: number, stride: number): ListedProcess[] {
  const found: ListedProcess[] = [];
  for (let at = 0; at / stride < count && at + stride <= bytes.length; at += stride) {
    const pid = bytes.readUInt32LE(at);
    if (pid === 0 || pid === 0xffff_ffff) continue;
    const instance = stride >= 24 ? bytes.readUInt32LE(at + 16) : NO_INSTANCE;
    found.push({
      pid,
      memoryMiB: mib(bytes, at + 8),
      instance: instance === NO_INSTANCE ? null : instance,
    });
  }
  return found;
}

export interface UtilizationSample {
  pid: number;
  at: bigint;
  smPercent: number;
}

export function utilizationSamples(bytes: Buffer, count: number): UtilizationSample[] {
  const found: UtilizationSample[] = [];
  for (let at = 0; found.length < count && at + SAMPLE_BYTES <= bytes.length; at += SAMPLE_BYTES)
    found.push({
      pid: bytes.readUInt32LE(at),
      at: bytes.readBigUInt64LE(at + 8),
      smPercent: bytes.readUInt32LE(at + 16),
    });
  return found;
}

/** Text up to the first NUL. */
export function text(bytes: Buffer, from = 0): string {
  const end = bytes.indexOf(0, from);
  return bytes.toString("utf8", from, end < 0 ? bytes.length : end);
}
