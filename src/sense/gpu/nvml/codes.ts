/** NVML's return codes and bits in words. Pure. */

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
  2: "the driver refuses the question",
  3: "this GPU doesn't support it",
  4: "it needs more rights",
  6: "the driver finds nothing",
  7: "the answer doesn't fit",
  9: "the NVIDIA driver isn't loaded",
  10: "the driver timed out",
  12: "the driver library isn't whole",
  13: "this driver doesn't know the question",
  15: "the GPU is lost: it has fallen off the bus or can't be reached",
  16: "the GPU must be reset",
  17: "the system refuses access to the GPU",
  18: "the driver was upgraded while it was in use: reload it or reboot",
  19: "the GPU is in use by somebody who keeps it",
  21: "the driver has no data",
  25: "the driver expects another version of the question",
  26: "the driver has given the question up",
  27: "the GPU isn't ready",
  28: "the GPU isn't there any more",
  999: "the driver reports an unknown error",
};

/** Half a sentence with the code. */
export const words = (code: number): string =>
  `${WORDS[code] ?? "the driver reports an error"} (NVML ${code})`;

/** The whole library has to be begun again, in a new process. */
export const isFatal = (code: number): boolean => code === 1 || code === 9 || code === 18 || code === 28;

/** Asking this GPU again won't help. */
export const isPermanent = (code: number): boolean =>
  code === NOT_SUPPORTED || code === FUNCTION_NOT_FOUND || code === 26;

const THROTTLES: [bit: number, words: string][] = [
  [0x4, "power limit"],
  [0x8, "hardware slowdown"],
  [0x20, "heat (software)"],
  [0x40, "heat (hardware)"],
  [0x80, "power brake"],
];

/** Why it is slowed down. Idling, chosen clocks, sync boost and the display aren't throttling. */
export const throttleReasons = (bits: number): string[] =>
  THROTTLES.filter(([bit]) => (bits & bit) !== 0).map(([, reason]) => reason);
