/**
 * Starts a program that runs beside us for hours and ends with us, whatever ends us. Spawned by hand: it is never
 * waited for, and what it has printed isn't kept. Must never keep our process alive.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { lastWords } from "./run-child.ts";

/** Starts the others. */
export const BESIDE = "setpriv";
/** Characters of stderr that are kept. */
const MOST_SAID = 400;

export interface Beside {
  /** Ends it; `onEnd` isn't called. */
  end(): void;
}

/** `onEnd`: it has ended by itself or couldn't be started, with its last words, half a sentence. */
export function spawnBeside(
  program: string,
  args: readonly string[],
  on: { line?: (line: string) => void; end: (how: string) => void },
): Beside {
  // A session of its own: Ctrl-C in a terminal reaches the supervisor alone. Its messages are read, so in English.
  const child = spawn(BESIDE, ["--pdeathsig", "TERM", program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    env: { ...process.env, LC_ALL: "C" },
  });
  unref(child);
  let said = "";
  let over = false;
  const ended = (how: string): void => {
    if (over) return;
    over = true;
    on.end(how);
  };
  child.stderr.on("data", (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-MOST_SAID);
  });
  eachLine(child, on.line ?? (() => {}));
  child.on("error", ({ message }) => ended(`${BESIDE} can't be started: ${message}`));
  child.on("close", (code, signal) => ended(lastWords(said) || `${program} ended with ${signal ?? code}`));
  return {
    end: () => {
      over = true;
      child.kill();
    },
  };
}

function eachLine({ stdout }: ChildProcess, line: (line: string) => void): void {
  let rest = "";
  stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    for (const one of lines) line(one);
  });
}

function unref(child: ChildProcess): void {
  child.unref();
  for (const pipe of child.stdio) (pipe as Socket | null)?.unref();
}
