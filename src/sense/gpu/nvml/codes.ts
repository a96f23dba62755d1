/** NVML's return codes and throttle bits in words. Pure. */

export const OK = 0;
export const NOT_SUPPORTED = 3;
export const NOT_FOUND = 6;
export const INSUFFICIENT_SIZE = 7;
export const FUNCTION_NOT_FOUND = 13;
export const GPU_IS_LOST = 15;
export const MISMATCH = 18;
export const VERSION_MISMATCH = 25;
export const UNKNOWN = 999;

const WORDS: Record<number, string> = {
  1: "the driver library has lost its connection",
  2: "the driver rejects the call",
  3: "this GPU doesn't support it",
  4: "it needs more permissions",
  6: "the driver finds nothing",
  7: "the buffer is too small",
  9: "the NVIDIA driver isn't loaded",
  10: "the driver timed out",
  12: "the driver library is incomplete",
  13: "this driver lacks the call",
  15: "the GPU is lost: it has fallen off the bus or is unreachable",
  16: "the GPU must be reset",
  17: "the system refuses access to the GPU",
  18: "the driver was upgraded while it was in use: reload it or reboot",
  19: "the GPU is in exclusive use by another process",
  21: "the driver has no data",
  25: "the driver expects another version of the call",
  26: "the driver has dropped the call",
  27: "the GPU isn't ready",
  28: "the GPU is gone",
  999: "the driver reports an unknown error",
};

/** A clause with the code. */
export const words = (code: number): string =>
  `${WORDS[code] ?? "the driver reports an error"} (NVML ${code})`;

/** The library must be reinitialized, in a new process. */
export const isFatal = (code: number): boolean => code === 1 || code === 9 || code === 18 || code === 28;

/** The GPU or the driver doesn't support the question, at least now. */
export const isRefusal = (code: number): boolean =>
  code === NOT_SUPPORTED || code === FUNCTION_NOT_FOUND || code === 26;

const THROTTLES: [bit: number, words: string][] = [
  [0x4, "power limit"],
  [0x8, "hardware slowdown"],
  [0x20, "heat (software)"],
  [0x40, "heat (hardware)"],
  [0x80, "power brake"],
];

/** Reasons for throttling. Idling, application clocks, sync boost and display clocks don't count. */
export const throttleReasons = (bits: number): string[] =>
  THROTTLES.filter(([bit]) => (bits & bit) !== 0).map(([, reason]) => reason);
