/**
 * What `run` was given, as a command: variables in front of it are set, as a shell would. What only a shell
 * understands is refused with the line to type; nothing is left out. Runs nothing.
 */
import { basename, resolve } from "node:path";
import { isGone } from "../../../../files/is-there.ts";
import { resolveCommand } from "../../../../files/resolve-command.ts";
import { misuse } from "../../../../refusal.ts";
import { shellLine, shellWord } from "../../../../words/shell.ts";

export interface TypedCommand {
  command: string[];
  env: Record<string, string>;
  /** Where its program lies. */
  path: string;
}

const VARIABLE = /^([A-Za-z_]\w*)=([\s\S]*)$/;
/** What a shell would have acted on, had it not been quoted. */
const SHELL = /[&|;<>$`]/;
/** A shell's own: where a program has such a name as well, it changes nothing for what follows. */
const SHELL_WORDS = [
  "cd",
  "pushd",
  "source",
  ".",
  "export",
  "set",
  "ulimit",
  "umask",
  "alias",
  "eval",
  "exec",
];
/** Their first argument is a file, unless it begins with a dash. */
const TAKES_FILE = /^(?:python[\d.]*|node|bash|sh|zsh|perl|ruby)$/;

/** @throws Refusal (bad usage) where it can't be run as it stands; @param cwd the job's folder, absolute */
export function typedCommand(
  words: readonly string[],
  cwd: string,
  more: Record<string, string>,
): TypedCommand {
  const set = words.findIndex((word) => !VARIABLE.test(word));
  const front = set === -1 ? words : words.slice(0, set);
  const command = set === -1 ? [] : words.slice(set);
  const env = Object.fromEntries(
    front.map((word) => {
      const [, name = "", value = ""] = VARIABLE.exec(word) ?? [];
      return [name, value];
    }),
  );
  const [program = ""] = command;
  if (SHELL_WORDS.includes(program)) throw misuse(ofShell(command));
  const found = resolveCommand({ command }, cwd, { ...more, ...env });
  if (!found.ok) {
    // A whole line in quotes, with or without variables in it.
    const line = command.length === 0 ? front.find((word) => /\s/.test(word)) : program;
    if (line !== undefined && (/\s/.test(line) || SHELL.test(line))) throw misuse(instead(words, line));
    if (command.length === 0) throw misuse("Which command? supervisor run -- python train.py");
    throw misuse(`It can't be run: ${found.reason}.`);
  }
  const [, file = ""] = command;
  const named = TAKES_FILE.test(basename(program)) && file !== "" && !file.startsWith("-");
  if (named && isGone(resolve(cwd, file)))
    throw misuse(`It can't be run: ${resolve(cwd, file)} does not exist.`);
  return { command, env, path: found.path };
}

/** The shell in which `run` was typed keeps what stands behind a `&&` or a `;` for itself. */
function ofShell(command: readonly string[]): string {
  const [word = "", folder = "FOLDER"] = command;
  const first =
    word === "cd" || word === "pushd" ? `supervisor run --cwd ${shellWord(folder)} -- COMMAND   or: ` : "";
  const script = shellWord(`${shellLine(command)} && COMMAND`);
  return `'${word}' is a shell builtin, and jobs are started without a shell. Type: ${first}supervisor run -- bash -c ${script}`;
}

/** The line to type for a command that was quoted as a whole. */
function instead(words: readonly string[], line: string): string {
  if (words.length === 1 && !SHELL.test(line) && !/['"\\*?~(]/.test(line))
    return `'${line}' is one word, and no program's name. Type it without the quotes: supervisor run -- ${line.trim()}`;
  const at = words.indexOf(line);
  const script = [shellLine(words.slice(0, at)), line, shellLine(words.slice(at + 1))].filter(
    (one) => one !== "",
  );
  return `'${line}' takes a shell, and jobs are started without one. Type: supervisor run -- bash -c ${shellWord(script.join(" "))}`;
}
