/**
 * From argv to an exit code. Loads the commands only when one was typed, so that help costs little more
 * than Node itself. Prints the error that a command ends with.
 */

import { Refusal } from "../refusal.ts";
import { VERSION } from "../version.ts";
import { HELP } from "./help-text.ts";

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
    const { obey } = await import("./program.ts");
    await obey(argv);
  } catch (error) {
    if (!(error instanceof Refusal)) endAtOnce(error);
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  }
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
