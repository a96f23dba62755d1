import { expect, test } from "vitest";
import type { MissingModule } from "../../../src/model/seen.ts";
import { exitText, wroteLast } from "../../../src/words/sentences/exit.ts";

test.each([
  [0, "exit code 0"],
  [126, "exit code 126: not executable"],
  [127, "exit code 127: command not found"],
])("exit code %i", (code, text) => {
  expect(exitText({ known: true, code, signal: null })).toBe(text);
});

test.each<[string, MissingModule | undefined, string]>([
  ["nothing more where no module is missed", undefined, ""],
  [
    "which interpreter lacks the library, and what installs it there",
    { module: "supervisor_job", interpreter: "/opt/a b/bin/python3" },
    " It was run by /opt/a b/bin/python3, which lacks the library: supervisor python --python '/opt/a b/bin/python3' prints the line that installs it there.",
  ],
  [
    "the library, where the interpreter isn't known",
    { module: "supervisor_job" },
    " Its interpreter lacks the library: supervisor python --python PATH prints the line that installs it there.",
  ],
  [
    "another module",
    { module: "torch", interpreter: "/usr/bin/python3" },
    " It was run by /usr/bin/python3.",
  ],
  ["another module of an unknown one", { module: "torch" }, ""],
])("the last words of a failed run tell %s", (_, missingModule, text) => {
  const said = { lastWords: "No", ...(missingModule && { missingModule }) };
  expect(wroteLast(said)).toBe(` Its last output: “No”.${text}`);
  expect(wroteLast({})).toBe("");
});
