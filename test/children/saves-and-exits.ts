/**
 * Somebody else's trainer that may save on SIGTERM and ends with the code it is told. argv: the code after
 * SIGTERM; "save" or "lose"; the code after a resume, or "on"; then, on a resume, the checkpoint.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const [code = "0", saves = "save", resumed = "on", from] = process.argv.slice(2);
let step = from === undefined ? 0 : Number(readFileSync(from, "utf8"));
console.log(`begins at ${step}`);
process.on("SIGTERM", () => {
  mkdirSync("out", { recursive: true });
  if (saves === "save") writeFileSync(`out/step-${step}.txt`, String(step));
  process.exit(Number(code));
});
if (from !== undefined && resumed !== "on") process.exit(Number(resumed));
setInterval(() => step++, 20);
