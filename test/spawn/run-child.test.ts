/** Real children: each way in which one ends is a value, with its output. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { lastWords, runChild } from "../../src/spawn/run-child.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "supervisor-child-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Of the pid that a child wrote, once it has. */
async function pidIn(file: string): Promise<number> {
  return await vi.waitFor(() => {
    const pid = Number(existsSync(file) ? readFileSync(file, "utf8") : 0);
    expect(pid).toBeGreaterThan(0);
    return pid;
  }, 20_000);
}

const gone = (pid: number): boolean => !existsSync(`/proc/${pid}`);

test("what it printed, its arguments as they are, our environment and more", async () => {
  const script = 'printf "%s|%s|%s" "$1" "$MORE" "$HOME"';
  expect(await runChild("sh", ["-c", script, "sh", "$(id); *"], { env: { MORE: "more" } })).toEqual({
    ok: true,
    stdout: `$(id); *|more|${process.env.HOME}`,
  });
});

test("stdin is the input, or nothing", async () => {
  const input = "é".repeat(500_000);
  expect(await runChild("cat", [], { input })).toEqual({ ok: true, stdout: input });
  expect(await runChild("cat", [])).toEqual({ ok: true, stdout: "" });
});

test("each line is told as it comes, while the child still runs", async () => {
  const go = join(directory, "go");
  const script = 'echo one; while [ ! -e "$1" ]; do sleep 0.05; done; echo two';
  const lines: string[] = [];
  const onLine = (line: string): void => {
    lines.push(line);
    writeFileSync(go, "");
  };
  const ended = await runChild("sh", ["-c", script, "sh", go], { onLine, timeoutMs: 60_000 });
  expect([ended, lines]).toEqual([{ ok: true, stdout: "one\ntwo" }, ["one", "two"]]);
});

describe("input that isn't read", () => {
  const input = "x".repeat(1_000_000);

  test("is no failure", async () => {
    expect(await runChild("true", [], { input })).toEqual({ ok: true, stdout: "" });
  });

  test("hides no failure", async () => {
    expect(await runChild("false", [], { input })).toMatchObject({ reason: "it ended with exit code 1" });
  });

  test("doesn't wait for a process that holds it open after the child's end", async () => {
    const pidFile = join(directory, "pid");
    const script = 'sleep 1000 <&0 >/dev/null 2>&1 & echo $! > "$1"';
    const ended = await runChild("sh", ["-c", script, "sh", pidFile], { input, output: "ignore" });
    const sleeper = await pidIn(pidFile);
    expect(gone(sleeper)).toBe(false);
    process.kill(sleeper, "SIGKILL");
    expect(ended).toEqual({ ok: true, stdout: "" });
  });
});

test.each([
  ["sh", ["-c", "echo out; echo err >&2; exit 3"], "failed", "it ended with exit code 3", "out", "err"],
  ["sh", ["-c", "kill -9 $$"], "failed", "it ended with SIGKILL", "", ""],
  ["/no/such/program", [], "missing", "ENOENT", "", ""],
  ["/tmp", [], "unstarted", "EACCES", "", ""],
  ["true", ["a\0b"], "unstarted", 'Arguments cannot contain null bytes ("\\0"): a\u0000b', "", ""],
  [
    "sh",
    ["-c", "head -c 70000000 /dev/zero | tr '\\0' x 2>/dev/null"],
    "failed",
    "it printed more than 67108864 characters",
    null,
    "",
  ],
])("%s %j: %s", async (program, args, why, reason, stdout, stderr) => {
  const ended = await runChild(program, args);
  expect(ended).toMatchObject({ ok: false, why, reason, stderr });
  if (stdout !== null) expect(ended.stdout).toBe(stdout);
});

test("one that is late is killed, whatever it makes of SIGTERM", async () => {
  const pidFile = join(directory, "pid");
  const deaf = 'trap "" TERM; echo $$ > "$1"; while :; do sleep 1; done';
  const ended = await runChild("sh", ["-c", deaf, "sh", pidFile], {
    timeoutMs: 6000,
    killSignal: "SIGKILL",
    output: "ignore",
  });
  expect(ended).toMatchObject({ why: "late", reason: "it took longer than 6 s and was killed" });
  expect(gone(await pidIn(pidFile))).toBe(true);
});

test("a cancelled child gets SIGTERM, and 5 s later SIGKILL", async () => {
  const pidFile = join(directory, "pid");
  const end = new AbortController();
  const deaf = 'trap "" TERM; echo $$ > "$1"; while :; do sleep 1; done';
  const child = runChild("sh", ["-c", deaf, "sh", pidFile], { signal: end.signal, output: "ignore" });
  const pid = await pidIn(pidFile);
  end.abort();
  expect(await child).toMatchObject({ why: "stopped" });
  expect(gone(pid)).toBe(true);
});

test("one that isn't wanted even at first isn't left behind", async () => {
  const ended = await runChild("sleep", ["1000"], { signal: AbortSignal.abort() });
  expect(ended).toMatchObject({ ok: false, why: "stopped" });
});

test("an unreferenced child doesn't keep its parent alive", async () => {
  const script = join(directory, "parent.mjs");
  const from = JSON.stringify(join(import.meta.dirname, "../../src/spawn/run-child.ts"));
  writeFileSync(
    script,
    `import { runChild } from ${from};
    const child = runChild("sleep", ["1000"], { unref: true });
    await new Promise((begun) => setTimeout(begun, 500));
    void child; console.log("over");`,
  );
  const ended = await runChild(process.execPath, [script], { timeoutMs: 60_000, killSignal: "SIGKILL" });
  expect(ended).toEqual({ ok: true, stdout: "over" });
});

test.each([
  ["", ""],
  ["one\ntwo\n", "two"],
  [
    "file.js:1\nthrow x\n\nTypeError: no such thing\n    at x\n\nNode.js v24.21.0\n",
    "TypeError: no such thing",
  ],
])("the last words of %j are %j", (said, last) => {
  expect(lastWords(said)).toBe(last);
});
