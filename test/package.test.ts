/**
 * What `npm pack` makes is installed as a stranger would: without a compiler, without TensorFlow, small, and it runs.
 * Covers: src/own-files.ts
 */
import { execFileSync } from "node:child_process";
import { globSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const MOST_BYTES = 60e6;
const folder = mkdtempSync(join(tmpdir(), "supervisor-package-"));
const modules = join(folder, "node_modules");
// The Node that runs this, and neither a compiler nor Python.
const env = {
  ...process.env,
  PATH: `${join(process.execPath, "..")}:/usr/bin:/bin`,
  CC: "false",
  CXX: "false",
};
const npm = (cwd: string, ...args: string[]): string =>
  execFileSync("npm", [...args, "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd,
    env,
    encoding: "utf8",
  });

beforeAll(() => {
  npm(resolve(import.meta.dirname, ".."), "pack", "--pack-destination", folder);
  const [tarball = ""] = globSync(join(folder, "*.tgz"));
  writeFileSync(join(folder, "package.json"), "{}");
  npm(folder, "install", "--prefer-offline", tarball);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("is small, and takes along nothing that only its making needs", () => {
  const sizes = readdirSync(modules, { recursive: true, encoding: "utf8" }).map((name) =>
    lstatSync(join(modules, name)),
  );
  expect(sizes.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(MOST_BYTES);
  const installed = globSync(["*", "@*/*"], { cwd: modules }).filter((name) => !/^[.@][^/]*$/.test(name));
  expect(installed).toContain("better-sqlite3");
  expect(installed.filter((name) => /tensorflow|typescript|vitest|react|aws/.test(name))).toEqual([]);
});

test("runs: a config is checked, a job runs to its end, and the audit holds", () => {
  const state = {
    XDG_STATE_HOME: join(folder, "state"),
    XDG_CONFIG_HOME: join(folder, "config"),
    HOME: folder,
  };
  const say = (...args: string[]): string =>
    execFileSync(process.execPath, [join(modules, "gpu-job-supervisor/dist/bin.js"), ...args], {
      cwd: folder,
      env: { ...env, ...state },
      encoding: "utf8",
    });
  writeFileSync(
    join(folder, "supervisor.config.json"),
    JSON.stringify({ rules: [], jobs: [{ name: "hello", command: ["echo", "it runs"] }] }),
  );
  expect(say("check")).toContain("is valid: 1 job");
  say("start", "--detach");
  try {
    say("wait", "hello");
    expect(say("logs", "hello")).toContain("it runs");
    say("report", "--html", "report.html");
    expect(readFileSync(join(folder, "report.html"), "utf8")).toContain("uPlot. The MIT License");
    expect(say("audit", "verify")).toMatch(/\d+ events/);
  } finally {
    say("stop");
  }
});

test("carries the licence of every library that is built in", () => {
  const licences = readFileSync(join(modules, "gpu-job-supervisor/dist/licences.txt"), "utf8");
  for (const name of ["ink", "react", "execa", "node-cron", "zod", "@aws-sdk/client-s3", "uplot"])
    expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(\\S+\\)$`, "m"));
  expect(licences).toContain("Permission is hereby granted");
  expect(licences).toContain("Apache License");
});
