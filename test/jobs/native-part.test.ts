/** A native backend that npm didn't let download its native part, or that isn't installed. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openBackend } from "../../jobs/voice-train/backend.ts";
import { requireNativePart } from "../../jobs/voice-train/native-part.ts";

const NAME = "@tensorflow/tfjs-node-gpu";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "supervisor-native-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const LINE = `npm pkg set "allowScripts[${NAME}]=true" --json && npm rebuild ${NAME}`;

test("without its native part the line that lets it is said", () => {
  expect(() => requireNativePart(folder, NAME)).toThrow(LINE);
  mkdirSync(join(folder, "lib/napi-v8"), { recursive: true });
  expect(() => requireNativePart(folder, NAME)).toThrow(LINE);
  writeFileSync(join(folder, "lib/napi-v8/tfjs_binding.node"), "");
  requireNativePart(folder, NAME);
});

test("a backend that isn't installed is passed over in one line", async () => {
  const said: string[] = [];
  await expect(openBackend((line) => said.push(line), "tfjs-node")).rejects.toThrow(
    'the backend "tfjs-node" doesn\'t work here',
  );
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/^backend: not tfjs-node: /);
});
