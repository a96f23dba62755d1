import { expect, test } from "vitest";
import { bytes, size, sizeOf, sizeRange } from "../../src/words/size.ts";

test.each([
  [0, "0 MiB"],
  [0.5, "512 KiB"],
  [1.5, "1.5 MiB"],
  [2, "2 MiB"],
  [9.96, "10 MiB"],
  [63.7, "64 MiB"],
  [412, "412 MiB"],
  [999.4, "999 MiB"],
  [999.6, "1.0 GiB"],
  [1024, "1.0 GiB"],
  [1126, "1.1 GiB"],
  [18_637, "18.2 GiB"],
  [422_195, "412.3 GiB"],
  [2048 * 1024, "2.0 TiB"],
  [1234.5 * 1024 * 1024, "1,234.5 TiB"],
  [-412, "-412 MiB"],
  [Number.NaN, "?"],
])("%d MiB is %s", (mib, words) => expect(size(mib)).toBe(words));

test.each([
  [0, "0 B"],
  [40, "40 B"],
  [1_000, "1 KiB"],
  [1_572_864, "1.5 MiB"],
  [1_181_116_006, "1.1 GiB"],
])("%d bytes are %s", (count, words) => expect(bytes(count)).toBe(words));

test("two of them share their unit where they can", () => {
  expect(sizeOf(300, 24_564)).toBe("300 MiB of 24.0 GiB");
  expect(sizeOf(300, 800)).toBe("300 of 800 MiB");
  expect(sizeOf(Number.NaN, 24_564)).toBe("? of 24.0 GiB");
});

test.each([
  [9318, 9318, "9.1 GiB"],
  [9318, 9319, "9.1 GiB"],
  [9318, 10_035, "9.1–9.8 GiB"],
  [412, 1126, "412 MiB–1.1 GiB"],
  [0, 412, "0–412 MiB"],
])("between %d and %d MiB is %s", (least, most, words) => expect(sizeRange(least, most)).toBe(words));
