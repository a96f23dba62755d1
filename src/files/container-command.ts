/**
 * What a job's command asks of a container engine: `podman run …` and `docker run …` as they are written, and the same
 * made of a job's `container`. Only reads words; must never run anything.
 */
export const ENGINES = ["podman", "docker"] as const;
export type Engine = (typeof ENGINES)[number];

/** What names a container, or doesn't. */
export interface Contained {
  command: readonly string[];
  container?: { engine: Engine; image: string; options: readonly string[] } | undefined;
}

/** `<program> <before…> run <options…> <rest…>`: `rest` begins with the image. */
export interface ContainerCommand {
  engine: Engine;
  program: string;
  before: string[];
  options: string[];
  rest: string[];
}

/** Null for a program that runs in no container, and for another command of an engine than `run`. */
export function containerCommandOf({ command, container }: Contained): ContainerCommand | null {
  if (container !== undefined) {
    const { engine, image, options } = container;
    return { engine, program: engine, before: [], options: [...options], rest: [image, ...command] };
  }
  const [program = "", ...words] = command;
  const engine = ENGINES.find((name) => name === program.slice(program.lastIndexOf("/") + 1));
  if (engine === undefined) return null;
  const verb = firstWord(words, GLOBAL_FLAGS);
  const skipped = words[verb] === "container" ? 1 : 0;
  const run = verb + skipped;
  if (words[run] !== "run") return null;
  const after = words.slice(run + 1);
  const image = firstWord(after, FLAGS);
  return {
    engine,
    program,
    before: words.slice(0, run),
    options: after.slice(0, image),
    rest: after.slice(image),
  };
}

/** Whether one of the options is this one: `--name`, or `-n` for its short form, alone or among others ("-it"). */
export const hasOption = (options: readonly string[], long: string, short?: string): boolean =>
  optionWords(options).some(
    (word) =>
      word === long ||
      word.startsWith(`${long}=`) ||
      (short !== undefined && /^-[a-zA-Z]+$/.test(word) && isAmong(word, short)),
  );

/** Short flags may stand together up to the first that takes a value, which is the rest of the word. */
function isAmong(word: string, short: string): boolean {
  for (const letter of word.slice(1)) {
    if (letter === short) return true;
    if (!FLAGS.has(`-${letter}`)) return false;
  }
  return false;
}

/** The options themselves, without words that are the value of the one before. */
function optionWords(words: readonly string[]): string[] {
  const found: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    found.push(word);
    if (takesNext(word, FLAGS)) at++;
  }
  return found;
}

/** Index of the first word that is neither an option nor an option's value. */
function firstWord(words: readonly string[], flags: ReadonlySet<string>): number {
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") return at + 1;
    if (!word.startsWith("-")) break;
    if (takesNext(word, flags)) at++;
  }
  return at;
}

function takesNext(word: string, flags: ReadonlySet<string>): boolean {
  if (word.startsWith("--")) return !word.includes("=") && !flags.has(word);
  for (const [at, letter] of [...word.slice(1)].entries())
    if (!flags.has(`-${letter}`)) return at === word.length - 2;
  return false;
}

/** Options of `podman run` and `docker run` without a value: every other one takes the next word. */
const FLAGS = new Set([
  ...["-d", "-i", "-t", "-P", "-q"],
  ...["--detach", "--interactive", "--tty", "--publish-all", "--quiet", "--rm", "--rmi", "--init"],
  ...["--privileged", "--read-only", "--read-only-tmpfs", "--replace", "--rootfs", "--sig-proxy"],
  ...["--env-host", "--http-proxy", "--no-healthcheck", "--no-hosts", "--no-hostname", "--oom-kill-disable"],
  ...["--passwd", "--tls-verify", "--disable-content-trust", "--use-api-socket", "--help"],
]);

/** Options before the engine's command, without a value. */
const GLOBAL_FLAGS = new Set([
  "-D",
  "-r",
  "--debug",
  "--remote",
  "--syslog",
  "--tls",
  "--tlsverify",
  "--noout",
]);
