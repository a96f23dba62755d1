import { readFileSync } from "node:fs";
import { packageFile } from "./own-files.ts";

/** As in package.json. */
export const VERSION: string = JSON.parse(readFileSync(packageFile("package.json"), "utf8")).version;
