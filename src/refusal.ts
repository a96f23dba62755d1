/**
 * What the system or the user prevents: a held database, a file that can't be read, bad usage. Shown as
 * its sentence alone, which says what to do. Any other error is a bug and is shown with its stack.
 * Imports nothing: the command line loads this before it knows which command was typed.
 */

/** 1 failed, 2 bad usage or config, 3 no supervisor running. */
export type ExitCode = 1 | 2 | 3;

/** Ends a command or a whole supervisor; `message` is whole sentences for the user. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Bad usage: the command can't work as typed. */
export const misuse = (message: string): Refusal => new Refusal(message, 2);

/** Does what the system may refuse, and then appends its message to `sentence`. Rethrows any other error: a bug. */
export function refusing<T>(sentence: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new Refusal(`${sentence}: ${error.message}`);
  }
}

/**
 * `EACCES`, `ENOSPC` and the like, also those that Node has no name for, such as ESTALE. Node's own, such as
 * `ERR_INVALID_ARG_TYPE`, mean a bug in our call.
 */
export const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error &&
  /^(E[A-Z0-9]+|Unknown system error -\d+)$/.test(String((error as NodeJS.ErrnoException).code));
