/** Covers: src/words/sentences/exit.ts */
import { expect, test } from "vitest";
import { exitText } from "../../../src/words/sentences/exit.ts";
import { processes, programOf, whoseProcess } from "../../../src/words/sentences/process.ts";

const one = (command: string, pid: number) => ({ pid, user: "ana", command, startTime: 1 }) as never;

test("the first process is named, the others counted", () => {
  const found = [one("/usr/bin/stress --cpu 4", 8812), one("a", 2), one("b", 3)];
  expect([0, 1, 2, 3].map((many) => processes(found.slice(0, many)))).toEqual([
    null,
    "'stress' (pid 8812, ana)",
    "'stress' (pid 8812, ana) and 1 other",
    "'stress' (pid 8812, ana) and 2 others",
  ]);
  expect(["/usr/bin/ffmpeg -i a", "  [kworker/0:1]  ", "/"].map(programOf)).toEqual(["ffmpeg", "0:1]", "/"]);
});

test("a process in a container goes by that", () => {
  const inside = (container: object) => ({
    pid: 7,
    user: "root",
    command: "/usr/bin/python -m x",
    container,
  });
  expect(processes([inside({ name: "lab" }) as never])).toBe("'python' in container 'lab' (pid 7)");
  expect(processes([inside({ name: "lab", image: "jupyter:9" }) as never])).toBe(
    "'python' in container 'lab' (pid 7, jupyter:9)",
  );
  expect([whoseProcess({ user: "ana" }), whoseProcess({ user: "root", container: { name: "lab" } })]).toEqual(
    ["ana", "container 'lab'"],
  );
});

test("an exit says what it means", () => {
  const ended = (code: number, signal: string | null = null) => exitText({ known: true, code, signal });
  expect([ended(1), ended(126), ended(127), ended(137, "SIGKILL"), exitText({ known: false })]).toEqual([
    "exit code 1",
    "exit code 126: not executable",
    "exit code 127: command not found",
    "exit code 137 (SIGKILL)",
    "an unknown exit (its record is missing)",
  ]);
});
