import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isAbsent, systemCode } from "../../src/contract/system-code.ts";

const refused = (code: string, errno: number): Error =>
  Object.assign(new Error(code), { code, errno, syscall: "open" });

test.each<[Error, string | null, boolean]>([
  [refused("ENOENT", -2), "ENOENT", true],
  [refused("EIO", -5), "EIO", false],
  // As Node words what it has no name for.
  [refused("Unknown system error -116", -116), "ESTALE", false],
  [refused("Unknown system error -122", -122), "EDQUOT", false],
  [refused("Unknown system error -117", -117), "Unknown system error -117", false],
  [refused("ERR_INVALID_ARG_TYPE", 0), null, false],
  [new TypeError("a bug"), null, false],
])("%s", (error, code, absent) => {
  expect([systemCode(error), isAbsent(error)]).toEqual([code, absent]);
});

test("what Node throws has its own", () => {
  let thrown: unknown;
  try {
    readFileSync("/nowhere/at/all");
  } catch (error) {
    thrown = error;
  }
  expect(systemCode(thrown)).toBe("ENOENT");
});
