/** The program that start-upkeep.ts runs: `upkeep-process <database> <retention as JSON> <now in ms>`. */
import { constants, setPriority } from "node:os";
import type { Retention } from "./thin.ts";
import { upkeep } from "./upkeep.ts";

const [path = "", retention = "", nowMs = ""] = process.argv.slice(2);
setPriority(constants.priority.PRIORITY_LOW);
upkeep(path, JSON.parse(retention) as Retention, Number(nowMs));
