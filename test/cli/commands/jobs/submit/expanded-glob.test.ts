import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { expandedGlob } from "../../../../../src/cli/commands/jobs/submit/expanded-glob.ts";

const cwd = mkdtempSync(join(tmpdir(), "expanded-glob-"));
mkdirSync(join(cwd, "out"));
for (const name of ["out/ckpt_100", "out/ckpt_200", "train.py"]) writeFileSync(join(cwd, name), "");
afterAll(() => rmSync(cwd, { recursive: true }));

test.each<[string, string | undefined, string[], RegExp | null]>([
  ["none", undefined, ["out/ckpt_200", "--", "python"], null],
  ["a pattern", "out/ckpt_*", ["python", "train.py"], null],
  ["a name that isn't there yet", "out/last.pt", ["python", "train.py"], null],
  [
    "one file",
    "out/ckpt_100",
    ["python", "train.py"],
    /^--checkpoint-glob names one file, out\/ckpt_100\. .*'out\/ckpt_\*'$/,
  ],
])("%s", (_, glob, words, said) => {
  const found = expandedGlob(glob, words, cwd);
  if (said === null) expect(found).toBeNull();
  else expect(found).toMatch(said);
});

test.each([[["out/ckpt_200", "--", "python", "train.py"]], [["out/ckpt_200", "python", "train.py"]]])(
  "files in front of the command: %j",
  (words) => {
    expect(() => expandedGlob("out/ckpt_100", words, cwd)).toThrow(
      "The shell has put files in place of the pattern of --checkpoint-glob (out/ckpt_100, out/ckpt_200, …): " +
        "quote the pattern, such as --checkpoint-glob 'out/ckpt_*'",
    );
  },
);
