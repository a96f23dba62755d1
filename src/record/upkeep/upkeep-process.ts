/**
 * The program that start-upkeep.ts runs: `upkeep-process <database> <retention as JSON> <now in ms>`.
 * Prints one line on stderr when it fails.
 */
import { constants, setPriority } from "node:os";
import { errorText } from "../database/database-error.ts";
import type { Retention } from "./thin-samples.ts";
import { upkeep } from "./upkeep.ts";

const [path = "", retention = "", nowMs = ""] = process.argv.slice(2);
setPriority(constants.priority.PRIORITY_LOW);
try {
  upkeep(path, JSON.parse(retention) as Retention, Number(nowMs));
} catch (error) {
  console.error(errorText(error));
  process.exitCode = 1;
}
