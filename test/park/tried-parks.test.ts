/** On which GPUs parking was seen to work, as doctor notes it and a supervisor reads it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { triedParks } from "../../src/files/state-paths.ts";
import { noteTry, TriedParks } from "../../src/park/tried-parks.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "supervisor-tried-"));
  vi.stubEnv("XDG_STATE_HOME", folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

it("counts for that GPU with that driver, and is read again once in a while", () => {
  const parks = new TriedParks();
  expect(parks.works("GPU-a", "590.1", 0)).toBe(false);
  noteTry("GPU-a", "590.1", { works: true, atMs: 7 });
  noteTry("GPU-b", "590.1", { works: true, atMs: 8 });
  expect(parks.works("GPU-a", "590.1", 9000)).toBe(false);
  expect(parks.works("GPU-a", "590.1", 11_000)).toBe(true);
  expect([parks.works("GPU-c", "590.1", 11_000), parks.works("GPU-a", "595.0", 11_000)]).toEqual([
    false,
    false,
  ]);
  expect(parks.works("GPU-a", null, 11_000)).toBe(false);
});

it("is forgotten by a try that fails, and a file that can't be read tells nothing", () => {
  noteTry("GPU-a", "590.1", { works: true, atMs: 7 });
  noteTry("GPU-b", "590.1", { works: true, atMs: 7 });
  noteTry("GPU-a", "590.1", { works: false, atMs: 9 });
  const parks = new TriedParks();
  expect([parks.works("GPU-a", "590.1", 0), parks.works("GPU-b", "590.1", 0)]).toEqual([false, true]);
  writeFileSync(triedParks(), "{");
  expect(parks.works("GPU-b", "590.1", 20_000)).toBe(false);
});
