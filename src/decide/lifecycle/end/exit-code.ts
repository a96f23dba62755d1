/** The number that a shell gives an exit, a signal among them. */
import type { Exit } from "../../../model/seen.ts";

const SIGNALS: Record<string, number> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGTERM: 15,
};

/** The exit as a shell gives it; null when unknown. */
export function shellCode(exit: Exit): number | null {
  if (!exit.known) return null;
  if (exit.signal !== null) return 128 + (SIGNALS[exit.signal] ?? 0);
  return exit.code;
}
