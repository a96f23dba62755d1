import { expect, test } from "vitest";
import { formatAll } from "../../src/show/plain-all.ts";

test("a supervisor that doesn't answer is said to run only where its process is known", () => {
  const error = "connect EACCES /run/x/control.sock";
  expect(formatAll([{ name: "~/rivers", pid: 4711, error }], 200)).toBe(
    `~/rivers  runs (pid 4711) but doesn't answer: ${error}`,
  );
  expect(formatAll([{ name: "~/lakes", pid: null, error }], 200)).toBe(`~/lakes  can't be reached: ${error}`);
});
