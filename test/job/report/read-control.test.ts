/** Whatever lies where control.json should be: both libraries read it alike, and obey only a whole word. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { readControl } from "../../../src/job/report/read-control.ts";
import { python, testWith } from "../../needs.ts";
import { pythonPath } from "../../python-path.ts";
import { rounds } from "../../rounds.ts";

const word = { sequence: 7, want: "pause" };
const whole = JSON.stringify(word);
/** Garbage, and what is nearer to what breaks in life: a true word with one thing wrong. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 100 }),
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.nat(whole.length - 1).map((length) => whole.slice(0, length)),
  fc
    .tuple(fc.constantFrom("sequence", "want", "__proto__", "more"), fc.jsonValue())
    .map(([key, value]) => JSON.stringify({ ...word, [key]: value })),
  fc
    .tuple(fc.nat(whole.length), fc.string({ maxLength: 3 }))
    .map(([at, piece]) => whole.slice(0, at) + piece + whole.slice(at + piece.length)),
);

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "control-word-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

test("a word is believed only where the whole text says it", () => {
  const path = join(folder(), "control.json");
  let believed = 0;
  fc.assert(
    fc.property(text, (garbage) => {
      writeFileSync(path, garbage);
      const read = readControl(path);
      if (typeof read === "string") {
        expect(read).toBe("unreadable");
        return;
      }
      believed++;
      const said = JSON.parse(garbage);
      expect({ sequence: said.sequence, want: said.want }).toEqual(read);
      expect(read.sequence).toBeGreaterThanOrEqual(0);
      expect(["run", "pause", "standby", "release"]).toContain(read.want);
    }),
    { numRuns: rounds(500) },
  );
  expect(believed).toBeGreaterThan(0); // or it would say nothing
});

const READ_ALL = `
import json, sys
sys.path.insert(0, "python")
from supervisor_job._control import read_control
for path in json.load(sys.stdin):
    print(json.dumps(read_control(path)))
`;

testWith(python)("the Python library reads every text as the TypeScript library does", () => {
  const directory = folder();
  const paths = fc.sample(text, 500).map((garbage, at) => {
    const path = join(directory, `${at}.json`);
    writeFileSync(path, garbage);
    return path;
  });
  const { stdout } = spawnSync(pythonPath, ["-c", READ_ALL], {
    input: JSON.stringify(paths),
    encoding: "utf8",
  });
  const read = stdout.trim().split("\n");
  expect(read).toHaveLength(paths.length);
  for (const [at, path] of paths.entries()) {
    const ours = readControl(path);
    expect(JSON.parse(read[at] as string)).toEqual(
      typeof ours === "string" ? ours : [ours.sequence, ours.want],
    );
  }
});
