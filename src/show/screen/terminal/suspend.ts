/**
 * Gives the terminal to the shell and takes it back, around Ctrl-Z and after any stop: a program that SIGSTOP has
 * stopped couldn't give anything, and still believes in the terminal that the shell has changed since.
 */
import type { SuspendTerminal, TerminalSuspension } from "ink";

/** As the terminal itself does for Ctrl-Z: whoever has started the program (npx, a script) stops with it. */
const stopGroup = (): void => void process.kill(0, "SIGTSTP");

export class Suspension {
  readonly #suspendTerminal: SuspendTerminal;
  /** How to take the terminal back; null while it is ours. */
  #given: Promise<TerminalSuspension> | null = null;

  constructor(suspendTerminal: SuspendTerminal) {
    this.#suspendTerminal = suspendTerminal;
  }

  /** Gives the terminal away and stops. */
  stop(): void {
    this.#give();
    stopGroup();
    // Where there is no shell to continue it, nothing has stopped.
    setTimeout(() => {
      if (this.#given !== null) this.continued();
    });
  }

  /** After SIGCONT: Ink takes the terminal and draws all of it. */
  continued(): void {
    const given = this.#give();
    this.#given = null;
    void given.then((suspension) => suspension.resume());
  }

  #give(): Promise<TerminalSuspension> {
    this.#given ??= this.#suspendTerminal();
    return this.#given;
  }
}
