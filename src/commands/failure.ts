/** What ends a command, as a sentence for the user and an exit code. Anything else thrown is a bug. */

/** 0 done, 1 failed, 2 bad usage or config, 3 no supervisor running. */
export type ExitCode = 1 | 2 | 3;

export class Failure extends Error {
  override name = "Failure";
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Bad usage: what was typed can't be done, whatever the state of things. */
export const misuse = (message: string): Failure => new Failure(message, 2);
