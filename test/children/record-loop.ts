/**
 * A loop as the supervisor's, with housekeeping in between, between two words on stderr that a
 * system call trace can be cut by. argv: the database.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { createJournal } from "../../src/record/journal.ts";
import { upkeep } from "../../src/record/upkeep/upkeep.ts";
import { at, event, job, RETENTION, sample } from "../record/material.ts";

const [path = "", other = ""] = process.argv.slice(2);
if (other === "upkeep") upkeep(path, RETENTION, at(0).wallMs);
else await loop();

async function loop(): Promise<void> {
  const journal = createJournal(path, { retention: RETENTION });
  journal.append([event("the first commit makes the WAL, and syncs")], at(0));
  writeSync(2, "LOOP BEGINS\n");
  for (let i = 1; i <= 4; i++) {
    journal.append([event(`event ${i}`)], at(i));
    journal.append([], at(i), { jobs: [job("voice-train")] });
    journal.addSample(sample(at(i * 20)));
    if (i % 2 === 0) await once(spawn(process.execPath, [import.meta.filename, path, "upkeep"]), "exit");
    await wait(600);
  }
  await wait(1500);
  writeSync(2, "LOOP ENDS\n");
  journal.close();
}
