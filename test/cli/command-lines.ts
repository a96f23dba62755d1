/** Command lines as documents write them: whether the program's own parser takes them, without running anything. */
import { type Command, CommanderError } from "commander";
import { program } from "../../src/cli/program.ts";

/** The words of the supervisor's own command in a shell's line, as the shell would split them. */
export function wordsOf(line: string): string[] {
  const [, typed = ""] = /(?:^|[\s(;&|])supervisor\s+(.*)$/s.exec(line) ?? [];
  const words: string[] = [];
  let word: string | null = null;
  for (const [part] of typed.matchAll(/'[^']*'|"(?:\\.|[^"\\])*"|\\.|\s+|[^\s'"\\]+/g)) {
    if (/^\s/.test(part)) {
      if (word !== null) words.push(word);
      word = null;
      continue;
    }
    // A comment, another command or a redirection: no longer ours.
    if (word === null && /^(#|&|\||;|>|\d?>)/.test(part)) return words;
    const ends = /^['"\\]/.test(part) ? -1 : part.search(/[;)|&]/);
    const own = ends === -1 ? part : part.slice(0, ends);
    word = (word ?? "") + own.replace(/^(['"])(.*)\1$/s, "$2").replace(/^\\/, "");
    if (ends !== -1) break;
  }
  return word === null || word === "" ? words : [...words, word];
}

/** What the parser says against these words; null where it takes them. Runs no command. */
export async function misread(words: string[]): Promise<string | null> {
  const cli = program();
  const said: string[] = [];
  const quiet = (command: Command): void => {
    command.configureOutput({ writeErr: (text) => void said.push(text), writeOut: () => {} });
    command.action(() => {});
    command.commands.forEach(quiet);
  };
  cli.commands.forEach(quiet);
  cli.configureOutput({ writeErr: (text) => void said.push(text), writeOut: () => {} });
  try {
    await cli.parseAsync(words, { from: "user" });
    return null;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? null : said.join("").trim();
  }
}
