/**
 * Gives the terminal to the shell and takes it back, around Ctrl-Z and after any stop: a program that SIGSTOP has
 * stopped couldn't give anything, and finds the terminal as the shell has left it.
 */

export const CLEAR = "\u001b[2J\u001b[H";
/** The alternate screen, a hidden cursor, pastes in brackets. */
const TAKE = "\u001b[?1049h\u001b[?25l\u001b[?2004h";
const GIVE = "\u001b[?2004l\u001b[?25h\u001b[?1049l";

export function giveTerminal(): void {
  process.stdin.setRawMode(false);
  process.stdout.write(GIVE);
}

export function takeTerminal(): void {
  // Off first: what hasn't changed, as far as Node knows, isn't set again.
  process.stdin.setRawMode(false);
  process.stdin.setRawMode(true);
  process.stdout.write(TAKE);
}

/** As the terminal itself does for Ctrl-Z: whoever has started the program (npx, a script) stops with it. */
export const stopGroup = (): void => void process.kill(0, "SIGTSTP");
