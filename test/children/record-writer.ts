/**
 * Appends events as fast as it can and says each id once it is committed, until it is killed.
 * argv: the database.
 */
import { writeSync } from "node:fs";
import { createJournal } from "../../src/record/journal.ts";

const [path = ""] = process.argv.slice(2);
const journal = createJournal(path, { retention: { samplesFullHours: 24, samplesThinnedDays: 30 } });
for (let i = 0; ; i++) {
  const now = { wallMs: Date.now(), monotonicMs: performance.now() };
  const result = journal.append(
    [{ kind: "pause.requested", job: "voice-train", run: i, actor: "user", reason: `event ${i}` }],
    now,
  );
  writeSync(1, result.ok ? `${result.events.at(-1)?.id}\n` : `not written: ${result.problem}\n`);
}
