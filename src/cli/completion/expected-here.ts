/**
 * What may be typed next on a command line, told by the declared commands alone: names of commands and options,
 * and where an argument stands, by its placeholder, what kind of name it takes. Reads nothing else.
 */
import type { Argument, Command, Option } from "commander";
import { EVENT_KINDS } from "../../model/event.ts";

/** A word that may stand here. */
export interface Candidate {
  word: string;
  /** One line; may be empty. */
  about: string;
}

/** Names that the declarations don't know: of jobs, or what the shell itself completes. */
export type NameKind = "jobs" | "files" | "folders" | "commands";

export interface Expected {
  candidates: Candidate[];
  names: NameKind | null;
  /** What `--config` was given before. */
  config: string | undefined;
}

/** By the placeholder of an argument or of an option's value. */
const NAME_KINDS: Record<string, NameKind> = {
  job: "jobs",
  file: "files",
  path: "files",
  folder: "folders",
  command: "commands",
};

const WORDS: Record<string, readonly string[]> = {
  kind: EVENT_KINDS,
  method: ["checkpoint", "standby", "freeze"],
  action: ["wait", "freeze", "terminate", "kill"],
  shell: ["bash", "zsh", "fish"],
  signal: ["SIGUSR2", "SIGUSR1", "SIGTERM", "SIGINT", "SIGHUP"],
};

/** What may stand in the last of `words`, which is being typed and may be empty; `words` follow the program's name. */
export function expectedHere(cli: Command, words: readonly string[], topics: readonly string[]): Expected {
  const before = words.slice(0, -1);
  let command = cli;
  let arguments_ = 0;
  let optionsOver = false;
  let config: string | undefined;
  for (let at = 0; at < before.length; at++) {
    const word = before[at] ?? "";
    if (!optionsOver && word === "--") optionsOver = true;
    else if (!optionsOver && word.startsWith("-")) {
      const option = optionOf(command, word);
      if (option === undefined || !option.required || word.includes("=")) continue;
      at++;
      if (at === before.length) return { ...valuesFor(placeholderOf(option)), config };
      if (option.long === "--config") config = before[at];
    } else {
      const inner = arguments_ === 0 && !optionsOver ? commandOf(command, word) : undefined;
      if (inner !== undefined) command = inner;
      else arguments_++;
      // From its first word on, a command line belongs to the job.
      optionsOver ||= arguments_ > 0 && takesCommandLine(command);
    }
  }
  const typesOption = !optionsOver && (words.at(-1) ?? "").startsWith("-");
  if (typesOption) return { candidates: optionsOf(command), names: null, config };
  return { ...next(command, arguments_, optionsOver, topics), config };
}

/** An argument, a command, or, where neither may follow, an option. */
function next(
  command: Command,
  arguments_: number,
  optionsOver: boolean,
  topics: readonly string[],
): Omit<Expected, "config"> {
  if (takesCommandLine(command)) return { candidates: [], names: arguments_ === 0 ? "commands" : "files" };
  const argument = argumentAt(command, arguments_);
  const commands = arguments_ === 0 && !optionsOver ? commandsOf(command) : [];
  const value = argument === undefined ? { candidates: [], names: null } : valuesFor(argument.name());
  // `help` takes what stands on the first level, and topics.
  const helped = argument?.name().includes("TOPIC")
    ? [...commandsOf(command.parent ?? command), ...topics.map((word) => ({ word, about: "a topic" }))]
    : [];
  const candidates = [...commands, ...value.candidates, ...helped];
  if (candidates.length > 0 || value.names !== null || optionsOver) return { candidates, names: value.names };
  return { candidates: optionsOf(command), names: null };
}

function valuesFor(placeholder: string): Omit<Expected, "config"> {
  const name = placeholder.toLowerCase();
  const words = WORDS[name] ?? [];
  return { candidates: words.map((word) => ({ word, about: "" })), names: NAME_KINDS[name] ?? null };
}

function argumentAt(command: Command, position: number): Argument | undefined {
  const known = command.registeredArguments;
  const last = known.at(-1);
  return known[position] ?? (last?.variadic ? last : undefined);
}

const takesCommandLine = (command: Command): boolean => command.registeredArguments[0]?.name() === "COMMAND";
const placeholderOf = (option: Option): string => /[<[](.+?)[\]>]/.exec(option.flags)?.[1] ?? "";
const commandOf = (command: Command, name: string): Command | undefined =>
  command.commands.find((one) => one.name() === name);
const optionOf = (command: Command, word: string): Option | undefined =>
  command.options.find(({ long, short }) => [long, short].includes(word.split("=")[0]));
const commandsOf = (command: Command): Candidate[] =>
  command.commands.map((one) => ({ word: one.name(), about: one.description() }));

const optionsOf = (command: Command): Candidate[] => [
  ...command.options.map(({ long, short, description }) => ({
    word: long ?? short ?? "",
    about: description,
  })),
  { word: "--help", about: "what it does and takes" },
];
