/**
 * What a shell between us and a program would change of its environment, and what Node has changed of ours:
 * put back by a few lines of shell just before the program takes the shell's place. A shell drops names that it
 * can't hold (dots, dashes, exported functions) and sets some of its own; Node replaces bytes that aren't
 * UTF-8, and raises the soft limit of open files.
 */
import { readFileSync } from "node:fs";

/** Evaluated by the shell, which removes it. Begins as all our names do, so that no job inherits it. */
export const RESTORE = "SUPERVISOR_RESTORE";
/** The soft limit of open files of the shell that a supervisor was started from. */
export const OPEN_FILES = "SUPERVISOR_OPEN_FILES";

/** Linux starts no program with a longer variable; what has no room stays as the shell leaves it. */
const LONGEST = 120_000;
/** Set by shells, each in its own way. */
const OF_SHELLS = ["IFS", "OPTIND", "PPID", "PS1", "PS2", "PS4", "SHLVL", "_", "LINENO"];
const IS_NAME = /^[A-Za-z_]\w*$/;

/**
 * The lines for the program's environment `env`. `assigned`: variables that the script itself uses.
 * `openFiles`: the soft limit to go back to; null leaves it.
 */
export function restoreLines(
  { env, raw }: Variables,
  assigned: readonly string[],
  openFiles: number | null,
): string {
  const lines = [`unset ${RESTORE}`];
  if (openFiles !== null) lines.push(`ulimit -S -n ${openFiles} 2>/dev/null`);
  let room = LONGEST;
  let beside = false;
  for (const [name, text] of Object.entries(env)) {
    const bytes = raw.get(name);
    const value = bytes?.toString("utf8") === text ? bytes : text;
    const isOdd = !IS_NAME.test(name) || OF_SHELLS.includes(name);
    if (!isOdd && value === text && !assigned.includes(name)) continue;
    const line = isOdd ? argument(name, value) : assignment(name, value);
    room -= line.length;
    if (room < 0) break;
    beside ||= isOdd;
    lines.push(line);
  }
  // `env` sets what a shell can't hold, and gives up its place in turn.
  if (beside) lines.push(`set -- /usr/bin/env "$@"`, `unset ${RESTORE}`);
  return lines.join("\n");
}

/** One more word in front of the program. */
const argument = (name: string, value: string | Buffer): string =>
  `${assignment(RESTORE, Buffer.from([...Buffer.from(`${name}=`), ...Buffer.from(value)]))}\nset -- "$${RESTORE}" "$@"`;

/** Three octal digits a byte, through printf, as our own strings hold UTF-8 alone; the dot saves line breaks at the end. */
function assignment(name: string, value: string | Buffer): string {
  const text = value.toString("latin1");
  if (/^[\n\x20-\x7e]*$/.test(text)) return `${name}='${text.replaceAll("'", `'\\''`)}'`;
  const octal = [...Buffer.from(value)].map((byte) => `\\${(byte + 0o1000).toString(8).slice(1)}`).join("");
  return `${name}=$(printf '${octal}.')\n${name}=\${${name}%.}`;
}

export interface Variables {
  env: Record<string, string>;
  /** Those whose bytes aren't UTF-8, which `env` can't hold. */
  raw: ReadonlyMap<string, Buffer>;
}

/** Of a text as `/proc/PID/environ` has it. */
export function variablesIn(environ: Buffer): Variables {
  const env: Record<string, string> = {};
  const raw = new Map<string, Buffer>();
  for (const one of environ.toString("latin1").split("\0")) {
    const at = one.indexOf("=");
    if (at <= 0) continue;
    const [name, bytes] = [utf8(one.slice(0, at)), Buffer.from(one.slice(at + 1), "latin1")];
    env[name] = bytes.toString("utf8");
    if (env[name].includes("\ufffd")) raw.set(name, bytes);
  }
  return { env, raw };
}

const utf8 = (latin1: string): string => Buffer.from(latin1, "latin1").toString("utf8");

/** As this process was started, byte for byte; where the system doesn't tell, as Node has it. */
export function ownEnviron(): Buffer {
  try {
    return readFileSync("/proc/self/environ");
  } catch {
    return Buffer.from(
      Object.entries(process.env)
        .map(([name, value]) => `${name}=${value}\0`)
        .join(""),
    );
  }
}

/** Those of this process, as they are now. */
export function ownVariables(): Variables {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;
  return { env, raw: rawVariables() };
}

/** Those that this process was started with whose bytes aren't UTF-8. */
const rawVariables = (): ReadonlyMap<string, Buffer> => variablesIn(ownEnviron()).raw;
