/** What the CUDA driver's calls return, in words. Pure. */

export const OK = 0;

const WORDS: Record<number, string> = {
  1: "the driver rejects the call",
  2: "there isn't enough memory",
  3: "the program doesn't use CUDA",
  304: "the system refuses the call: it needs more permissions (CAP_SYS_PTRACE), or a restore has failed before",
  401: "the program is in another state",
  801: "this driver doesn't support it",
};

/** What a question about a program without CUDA gives. */
export const isNoProgram = (code: number): boolean => code === 1 || code === 3;

/** A clause with the code. */
export const words = (code: number): string =>
  `${WORDS[code] ?? "the driver reports an error"} (CUDA ${code})`;
