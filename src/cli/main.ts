/**
 * From argv to an exit code. Loads the commands only when one was asked for, so that help costs
 * little more than Node itself; prints every error that a command ends with.
 */

import { Refusal } from "../refusal.ts";
import { VERSION } from "../version.ts";
import { HELP } from "./help-text.ts";

/** Ends by setting the process's exit code, so that output still under way gets out. */
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

/** Who reads our output may stop, as `head` does: no error of ours. */
function quietPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit();
      endAtOnce(new Refusal(`The output can't be written: ${error.message}.`));
    });
  }
}

/** What was left open must not keep the process alive. Said last, when a dashboard has given the terminal back. */
function endAtOnce(error: unknown): never {
  const said = error instanceof Refusal ? error.message : bugText(error);
  process.once("exit", () => process.stderr.write(`${said}\n`));
  process.exit(error instanceof Refusal ? error.exitCode : 1);
}

const bugText = (error: unknown): string =>
  `This is a bug in supervisor ${VERSION}:\n${error instanceof Error ? error.stack : String(error)}`;
