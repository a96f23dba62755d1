/**
 * From argv to an exit code. Loads the commands only when one was typed, so that help costs little more
 * than Node itself. Prints the error that a command ends with.
 */

import { isAbsolute } from "node:path";
import { misuse, Refusal } from "../refusal.ts";
import { VERSION } from "../version.ts";
import { HELP } from "./help/help-text.ts";

/** Commands that act on the folder they are typed in. */
const HERE = ["run", "init"];

/** Sets the process's exit code instead of exiting, so that pending output gets out. */
export async function main(argv: string[]): Promise<void> {
  process.on("uncaughtException", endAtOnce);
  quietPipes();
  const [first] = argv.slice(2);
  if (first === undefined || first === "--help" || first === "-h") {
    process.stdout.write(HELP);
    return;
  }
  try {
    leaveDeletedFolder(argv.slice(2));
    const { obey } = await import("./program.ts");
    await obey(argv);
  } catch (error) {
    if (!(error instanceof Refusal)) endAtOnce(error);
    const { say } = await import("./print.ts");
    say(error.message);
    process.exitCode = error.exitCode;
  }
}

/** In a deleted folder only a command works that names its config and takes nothing else from where it is. */
function leaveDeletedFolder(words: string[]): void {
  try {
    process.cwd();
    return;
  } catch {
    // Deleted: every relative path would fail.
  }
  const ours = words.includes("--") ? words.slice(0, words.indexOf("--")) : words;
  const at = ours.findIndex((word) => /^--config(=|$)/.test(word));
  const config = at === -1 ? "" : (ours[at]?.split("=")[1] ?? ours[at + 1] ?? "");
  if (!isAbsolute(config) || HERE.includes(words[0] ?? ""))
    throw misuse(
      "The folder that you are in has been deleted. Go to another one (cd), or name the config: --config /ITS/ABSOLUTE/PATH",
    );
  process.chdir("/");
}

/** A reader of our output may stop early, as `head` does: not an error. */
function quietPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit();
      endAtOnce(new Refusal(`The output can't be written: ${error.message}.`));
    });
  }
}

/** Exits even with open handles. Prints last, after a dashboard has restored the terminal. */
function endAtOnce(error: unknown): never {
  const said = error instanceof Refusal ? error.message : bugText(error);
  process.once("exit", () => process.stderr.write(`${said}\n`));
  process.exit(error instanceof Refusal ? error.exitCode : 1);
}

const bugText = (error: unknown): string =>
  `This is a bug in supervisor ${VERSION}:\n${error instanceof Error ? error.stack : String(error)}`;
