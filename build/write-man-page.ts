/** `man supervisor`, from the help texts of the commands as they are in this build. */
import { writeFileSync } from "node:fs";
import { TOPICS } from "../src/cli/commands/config/help.ts";
import { manPage } from "../src/cli/help/man-page.ts";
import { program } from "../src/cli/program.ts";

export function writeManPage(path: string): void {
  writeFileSync(path, manPage(program(), TOPICS));
}
