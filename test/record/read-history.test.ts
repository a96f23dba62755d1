import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { readExports } from "../../src/record/read.ts";
import { readHistory } from "../../src/record/read-history.ts";
import { upkeep } from "../../src/record/upkeep/upkeep.ts";
import { at, event, RETENTION } from "./material.ts";
import { openJournal } from "./scratch.ts";

test("reads exported events and those in the database once each, and says which file is gone", () => {
  const journal = openJournal();
  const kinds = ["pause.requested", "job.started"] as const;
  for (let day = 0; day < 30; day += 1) {
    const now = at(day * 86_400);
    journal.append(
      [event("a", { kind: "pause.requested" }), event("b", { kind: "checkpoint.verified" })],
      now,
    );
    journal.append([event("c", { kind: "job.started" })], now);
  }
  upkeep(journal.path, { ...RETENTION, eventsDays: 10 }, at(29 * 86_400).wallMs);
  const [file] = readExports(journal.path);
  expect(file?.last).toBeGreaterThan(20);
  const read = (untilMs = Number.POSITIVE_INFINITY) =>
    [...readHistory(journal.path, kinds, untilMs)].map((one) =>
      "kind" in one ? one.id : `${one.first} to ${one.last}: ${one.reason}`,
    );
  expect(read()).toEqual(Array.from({ length: 30 }, (_, day) => [day * 3 + 1, day * 3 + 3]).flat());
  expect(read(at(2 * 86_400).wallMs)).toEqual([1, 3, 4, 6]);
  rmSync(file?.path ?? "");
  expect(read()[0]).toBe(`1 to ${file?.last}: there is no file ${file?.path}`);
});
