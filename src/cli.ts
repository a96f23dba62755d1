/**
 * From argv to an exit code. Loads the commands only when one was asked for, so that help costs
 * little more than Node itself; prints every error that a command ends with.
 */
import { HELP } from "./help-text.ts";
import { VERSION } from "./version.ts";

/** Ends by setting the process's exit code, so that output still under way gets out. */
export async function main(argv: string[]): Promise<void> {
  quietPipes();
  const [first] = argv.slice(2);
  if (first === undefined || first === "--help" || first === "-h") {
    process.stdout.write(HELP);
    return;
  }
  try {
    const { program } = await import("./program.ts");
    await program().parseAsync(argv);
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
}

/** Who reads our output may stop, as `head` does: no error of ours. */
function quietPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      process.exit();
    });
  }
}

function exitCodeOf(error: unknown): number {
  // Both known by their shape: their classes are loaded only where they are thrown.
  if (error instanceof Error && "exitCode" in error) {
    if (error.name === "CommanderError") return error.exitCode === 0 ? 0 : 2;
    if (error.name === "Failure") {
      process.stderr.write(`${error.message}\n`);
      return error.exitCode as number;
    }
  }
  process.stderr.write(
    `This is a bug in supervisor ${VERSION}:\n${error instanceof Error ? error.stack : String(error)}\n`,
  );
  // What it left open must not keep it alive.
  process.exit(1);
}
