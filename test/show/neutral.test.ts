import fc from "fast-check";
import { expect, test } from "vitest";
import { neutral, neutralJson, neutralLines, neutralLog } from "../../src/show/neutral.ts";

test("ordinary text is left alone, in any script", () => {
  for (const text of ["train.py --lr 3e-4", "Ünïcödé", "漢字テスト", "▒▒██│··", "Привет", "किताब"]) {
    expect(neutral(text)).toBe(text);
  }
});

test("escapes, line breaks, bidi controls and invisible characters can't act", () => {
  expect(neutral("\u001b[2J")).toBe("␛[2J");
  expect(neutral("a\r\nb\tc")).toBe("a b c");
  expect(neutral("\u0000\u0007")).toBe("␀␇");
  expect(neutral("\u009b31m")).toBe("�31m");
  expect(neutral("\u202eevil\u2066")).toBe("�evil�");
  expect(neutral("a\u200bb\ufeffc\u00ad")).toBe("abc");
  expect(neutral("\ud800")).toBe("�");
  expect(neutral(`e${"\u0301".repeat(50)}`)).toBe(`e${"\u0301".repeat(3)}`);
});

test("whatever comes in, no control, bidi or lone surrogate comes out, and a second pass changes nothing", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const out = neutral(text);
      expect(out).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
      expect(neutral(out)).toBe(out);
    }),
  );
});

test("a log loses its colours, and of a redrawn line keeps the last state", () => {
  const text = "\u001b[32mok\u001b[0m\nepoch 1: 10%\repoch 1: 100%\r\n\n\u001b]0;title\u0007last\n";
  expect(neutralLog(text)).toEqual(["ok", "epoch 1: 100%", "", "last"]);
  expect(neutralLog("")).toEqual([]);
});

test("text of several lines keeps breaks and tabs alone, and JSON says the same in harmless characters", () => {
  expect(neutralLines("a\tb\n\u001b[2J\r\u009bc")).toBe("a\tb\n␛[2J �c");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const json = JSON.stringify({ text });
      expect(neutralJson(json)).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      expect(JSON.parse(neutralJson(json))).toEqual({ text });
    }),
  );
});
