import { expect, test } from "vitest";
import { runLight } from "../../src/spawn/run-light.ts";

test("hands its input over, and what it printed back", async () => {
  const text = "ä\n".repeat(100_000);
  expect(await runLight("cat", [], text)).toEqual({ ok: true, stdout: text });
});

test.each([
  ["sh", ["-c", "echo out; echo err >&2; exit 3"], "failed", "it ended with exit code 3", "out\n", "err\n"],
  ["sh", ["-c", "kill -9 $$"], "failed", "it ended with SIGKILL", "", ""],
  ["/no/such/program", [], "missing", "ENOENT", "", ""],
  ["/tmp", [], "unstarted", "EACCES", "", ""],
  [
    "true",
    ["a\0b"],
    "unstarted",
    "The argument 'args[0]' must be a string without null bytes. Received 'a\\x00b'",
    "",
    "",
  ],
])("%s %j: %s", async (program, args, why, reason, stdout, stderr) => {
  expect(await runLight(program, args, "")).toMatchObject({ ok: false, why, reason, stdout, stderr });
});

test("input that isn't read is no failure, and hides none", async () => {
  const input = "x".repeat(1_000_000);
  expect(await runLight("true", [], input)).toEqual({ ok: true, stdout: "" });
  expect(await runLight("false", [], input)).toMatchObject({ reason: "it ended with exit code 1" });
});
