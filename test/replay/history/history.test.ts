/** History from a real database, of which housekeeping has exported the old events. */
import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { readExports } from "../../../src/record/read.ts";
import { upkeep } from "../../../src/record/upkeep/upkeep.ts";
import { databaseHistory } from "../../../src/replay/history/history.ts";
import { at, event, RETENTION, sample } from "../../record/material.ts";
import { openJournal } from "../../record/scratch.ts";

const DAY = 86_400;

test("events that were exported count, too, and a file that is gone is told", () => {
  const journal = openJournal();
  for (let day = 0; day < 30; day += 1) {
    journal.append([event("", { kind: day % 2 === 0 ? "pause.completed" : "job.started" })], at(day * DAY));
    journal.addSample(sample(at(day * DAY)));
  }
  journal.append([event("", { kind: "config.changed", job: null })], at(30 * DAY));
  upkeep(journal.path, { ...RETENTION, eventsDays: 10 }, at(30 * DAY).wallMs);
  const [file] = readExports(journal.path);
  expect(file?.last).toBeGreaterThan(15);
  const asked = { fromMs: at(5 * DAY).wallMs, untilMs: at(25 * DAY).wallMs };
  const history = databaseHistory(journal.path, asked);
  // Day 24 has the last sample.
  expect(history?.events.map(({ atMs }) => atMs)).toEqual(
    Array.from({ length: 25 }, (_, day) => at(day * DAY).wallMs),
  );
  expect(history?.doubts).toEqual([]);
  rmSync(file?.path ?? "");
  const blind = databaseHistory(journal.path, asked);
  expect(blind?.events).toHaveLength(25 - (file?.last ?? 0));
  expect(blind?.doubts).toEqual([
    `Events 1 to ${file?.last} were exported and aren't counted: there is no file ${file?.path}.`,
  ]);
});
