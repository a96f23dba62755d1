import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { spawnBeside } from "../../src/spawn/spawn-beside.ts";
import { alive } from "../scenarios/real-supervisor.ts";
import { until } from "../until.ts";

const PROGRAM = resolve(import.meta.dirname, "../../src/spawn/spawn-beside.ts");

test("tells each line, and its last words when it ends by itself", async () => {
  const lines: string[] = [];
  const how = await new Promise<string>((end) =>
    spawnBeside("sh", ["-c", "printf 'one\\ntw'; echo o; echo no more >&2; exit 3"], {
      line: (line) => lines.push(line),
      end,
    }),
  );
  expect([lines, how]).toEqual([["one", "two"], "no more"]);
  expect(await new Promise((end) => spawnBeside("sh", ["-c", "exit 3"], { end }))).toBe("sh ended with 3");
  expect(await new Promise((end) => spawnBeside("no-such-program", [], { end }))).toMatch(/no-such-program/);
});

test("says why it can't be started", async () => {
  vi.stubEnv("PATH", "/nowhere");
  const how = await new Promise((end) => spawnBeside("sh", [], { end }));
  vi.unstubAllEnvs();
  expect(how).toMatch(/^setpriv can't be started: /);
});

test("ended by us, it says nothing", async () => {
  let pid = 0;
  const end = vi.fn();
  const script = "echo $$; exec sleep 1000";
  const child = spawnBeside("sh", ["-c", script], { line: (line) => (pid = Number(line)), end });
  await until("its pid", () => pid > 0);
  child.end();
  await until("its end", () => !alive(pid));
  expect(end).not.toHaveBeenCalled();
});

test("ends with us, even where we are killed; doesn't keep us alive", async () => {
  const program = (more: string): string =>
    `import { spawnBeside } from ${JSON.stringify(PROGRAM)};
    spawnBeside("sh", ["-c", "echo $$; exec sleep 1000"], { line: console.log, end: () => {} });
    ${more}`;
  const ours = (more: string) =>
    spawn(process.execPath, ["--input-type=module", "-e", program(more)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
  const killed = ours("setInterval(() => {}, 1000);");
  onTestFinished(() => void killed.kill("SIGKILL"));
  const [chunk] = await once(killed.stdout, "data");
  const pid = Number(chunk);
  expect(alive(pid)).toBe(true);
  killed.kill("SIGKILL");
  await until("its end", () => !alive(pid));
  await once(ours(""), "exit");
});
