import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { shellWord } from "../../src/words/shell-word.ts";

test("a shell reads every text as the one word that it was", () => {
  const texts = fc.array(fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "")));
  const special = ["", "it's", "a b", '$HOME `x` \\ "', "*", "~", "-n", "a=b", "#", "\n", "é", "!x"];
  fc.assert(
    fc.property(texts, (more) => {
      const all = [...special, ...more].filter((text) => text.isWellFormed());
      const script = `printf '%s\\0' ${all.map(shellWord).join(" ")}`;
      const read = execFileSync("/bin/sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1);
      expect(read).toEqual(all);
    }),
    { numRuns: 50 },
  );
});

test("what needs no quotes has none", () => {
  expect(["python", "/usr/bin/x-1.0", "a=b,c"].map(shellWord)).toEqual(["python", "/usr/bin/x-1.0", "a=b,c"]);
});
