/** Covers: src/runs/observe/last-words.ts, src/runs/observe/lines-of-run.ts */
import { appendFileSync, closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { logPath, logStartRecord } from "../../../src/files/state-paths.ts";
import { lastWords } from "../../../src/runs/observe/last-words.ts";
import { noteLogStart } from "../../../src/runs/observe/out-of-gpu-memory.ts";
import { givenState } from "../given.ts";

/** The last words of a run that wrote `text` to a log with an earlier run's error in it. */
function wordsOf(text: string): string | null {
  const state = givenState();
  const path = logPath(state, "fit");
  for (const file of [path, logStartRecord(state, "r1")]) mkdirSync(dirname(file), { recursive: true });
  writeFileSync(path, "OSError: of an earlier run\n");
  const log = openSync(path, "a");
  noteLogStart(state, "r1", log);
  closeSync(log);
  appendFileSync(path, text);
  return lastWords(state, "fit", "r1");
}

test.each([
  [
    "a traceback",
    "Traceback (most recent call last):\n  File \"a.py\", line 3\nKeyError: 'mel'\n",
    "KeyError: 'mel'",
  ],
  [
    "an error with a launcher's summary below it",
    "[rank1]: ValueError: 80 mels, not 128\n====\nfit.py FAILED\nRoot Cause (first observed failure):\n====\n",
    "[rank1]: ValueError: 80 mels, not 128",
  ],
  [
    "Node's",
    "Error: no data in ./wav\n    at main (fit.mjs:3:9)\n\nNode.js v24.1.0\n",
    "Error: no data in ./wav",
  ],
  ["an error without a message", "epoch 3\nAssertionError\n", "AssertionError"],
  ["a progress bar's newest state", "10 %\r20 %\r\x1b[31m35 % of fold B\x1b[0m\r", "35 % of fold B"],
  ["nothing but banners", "=====\n\n", null],
  ["nothing", "", null],
  ["lines of our own", "── run 1 begins ──\nsupervisor: exit code 127: a command was not found\n", null],
])("%s", (_, text, words) => {
  expect(wordsOf(text)).toBe(words);
});

test("they are short, and nothing in them acts on a terminal", () => {
  expect(wordsOf(`\x1b]0;title\x07${"ü".repeat(999)}\x08\n`)).toMatch(/^ü{199}…$/u);
});
