import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { missingModule } from "../../../src/runs/observe/missing-module.ts";
import { givenState } from "../given.ts";

const SAID = "ModuleNotFoundError: No module named 'supervisor_job'";

test.each<[string, string, string | undefined, object | null]>([
  [
    "python itself",
    SAID,
    "/a/bin/python3.12",
    { module: "supervisor_job", interpreter: "/a/bin/python3.12" },
  ],
  [
    "python -m",
    "/a/python: No module named fit.run",
    "/a/python",
    { module: "fit.run", interpreter: "/a/python" },
  ],
  ["a program that isn't there", SAID, "/nowhere/torchrun", { module: "supervisor_job" }],
  ["an unknown program", SAID, undefined, { module: "supervisor_job" }],
  ["other words", "KeyError: 'No module'", "/a/python", null],
])("%s", (_, said, program, expected) => {
  expect(missingModule(said, program)).toEqual(expected);
});

test.each<[string, object]>([
  ["#!/env/bin/python3\nimport sys\n", { interpreter: "/env/bin/python3" }],
  ["#!/usr/bin/env python3\n", {}],
  ["#!/bin/bash\n", {}],
])("a script that begins with %j", (text, expected) => {
  const script = join(givenState(), "torchrun");
  writeFileSync(script, text);
  expect(missingModule(SAID, script)).toEqual({ module: "supervisor_job", ...expected });
});
