/**
 * The TypeScript parsers, which the supervisor and the job library share, keep every case.
 * Covers: src/contract/control.ts,
 * src/contract/manifest.ts,
 * src/contract/names.ts,
 * src/contract/status.ts,
 * src/contract/values.ts
 */
import { describe, expect, test } from "vitest";
import { parseControl } from "../../src/contract/control.ts";
import { type Manifest, manifestText, parseManifest } from "../../src/contract/manifest.ts";
import { stepOfName } from "../../src/contract/names.ts";
import { parseStatus } from "../../src/contract/status.ts";
import { Rejected } from "../../src/contract/values.ts";
import { casesOf, type Kind } from "./cases.ts";

const parsers: Record<Kind, (bytes: Uint8Array, directory: string) => unknown> = {
  control: parseControl,
  status: parseStatus,
  manifest: parseManifest,
};

describe.each(Object.entries(parsers))("%s", (kind, parse) => {
  test.each(casesOf(kind as Kind))("$name", ({ bytes, directory, accepted, rejected }) => {
    const read = parse(bytes, directory);
    if (rejected === undefined) expect(read).toEqual(accepted);
    else expect((read as Rejected).reason).toSatisfy((reason: string) => reason.startsWith(rejected));
    expect(read instanceof Rejected).toBe(rejected !== undefined);
  });
});

const file = (path: string): Manifest["files"][number] => ({ path, bytes: 1, sha256: "0".repeat(64) });
const manifest = (files: Manifest["files"]): Manifest => ({
  step: 1,
  epoch: null,
  createdAt: "2026-11-22T09:59:00.000Z",
  worldSize: 1,
  files,
});

test("a manifest that no reader would take is not written", () => {
  expect(parseManifest(Buffer.from(manifestText(manifest([file("a")]))))).toEqual(manifest([file("a")]));
  const many = Array.from({ length: 5000 }, (_, at) => file(`${"long/".repeat(700)}${at}`));
  expect(() => manifestText(manifest(many))).toThrow("manifest.json is larger than 16777216 bytes");
  expect(() => manifestText(manifest([file("a\\b")]))).toThrow("manifest.json has files[0].path");
});

test.each([
  ["step-00000000", 0],
  ["step-00001200", 1200],
  ["step-000000000000000000000012", 12],
  ["step-9007199254740991", 9007199254740991],
  ["step-9007199254740992", null],
  ["step-99999999999999999999", null],
  ["step-1200", null],
  ["step-0000120x", null],
  ["step-00001200\n", null],
  [".tmp-step-00001200", null],
])("the step of %j is %j", (name, step) => expect(stepOfName(name)).toBe(step));
