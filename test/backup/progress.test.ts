/** How far a copy has come is told seldom, and never after its outcome. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { progressIn, telling } from "../../src/backup/progress.ts";

test("the first of many is told, then one a second, and nothing once the last has been given", async () => {
  const lines: string[] = [];
  const told = telling((line) => lines.push(line));
  for (const bytes of [1, 2, 3]) told({ bytes, of: 9 });
  lines.push('{"ok":true,"bytes":9}');
  await sleep(1200);
  expect(lines.map(progressIn)).toEqual([{ bytes: 1, of: 9 }, null]);
  told({ bytes: 4, of: 9 });
  expect(progressIn(lines.at(-1) ?? "")).toEqual({ bytes: 4, of: 9 });
});
