/** Writes a checkpoint of 512 MiB, syncs and renames it, again and again, until it is ended. argv: a folder. */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";

const [folder = ""] = process.argv.slice(2);
const chunk = Buffer.alloc(8 * 1024 * 1024, 0x5a);
for (let first = true; ; first = false) {
  const temporary = join(folder, ".tmp-checkpoint");
  const file = openSync(temporary, "w");
  for (let i = 0; i < 64; i++) {
    writeSync(file, chunk);
    if (first && i === 0) console.log("writing");
  }
  fsyncSync(file);
  closeSync(file);
  renameSync(temporary, join(folder, "checkpoint"));
}
