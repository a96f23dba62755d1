/**
 * The built package in a folder of its own, where a job has brought TensorFlow.js or hasn't.
 * Covers: src/job/tfjs.ts
 */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "supervisor-tfjs-"));
beforeAll(() => {
  if (!existsSync("dist/job/tfjs.js")) execFileSync("npm", ["run", "--silent", "build"]);
  const installed = join(folder, "node_modules/gpu-job-supervisor");
  cpSync("package.json", join(installed, "package.json"));
  cpSync("dist", join(installed, "dist"), { recursive: true });
  writeFileSync(
    join(folder, "job.mjs"),
    'import { saveModel } from "gpu-job-supervisor/job/tfjs"; console.log(typeof saveModel);',
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Started from elsewhere: what counts is where the job lies. */
const runJob = () => spawnSync(process.execPath, [join(folder, "job.mjs")], { cwd: "/", encoding: "utf8" });

test("without TensorFlow.js the job is told what to install, and goes on", () => {
  expect(runJob()).toMatchObject({
    status: 0,
    stdout: "function\n",
    stderr: expect.stringMatching(
      /^supervisor: TensorFlow\.js isn't installed.*: npm install @tensorflow\/tfjs-core .*\n$/,
    ),
  });
});

test.each(["tfjs-core", "tfjs-node-gpu"])("with %s it isn't told anything", (name) => {
  const brought = join(folder, "node_modules/@tensorflow", name);
  mkdirSync(brought, { recursive: true });
  writeFileSync(join(brought, "package.json"), JSON.stringify({ name: `@tensorflow/${name}` }));
  expect(runJob()).toMatchObject({ status: 0, stdout: "function\n", stderr: "" });
  rmSync(brought, { recursive: true });
});
