/**
 * A program that knows nothing of any supervisor: counts up, and writes each number to the file it is given.
 * Whoever reads them sees whether one was skipped or came twice.
 */
import { appendFileSync } from "node:fs";

const [file = "", everyMs = "20"] = process.argv.slice(2);
let count = 0;
setInterval(() => appendFileSync(file, `${++count}\n`), Number(everyMs));
