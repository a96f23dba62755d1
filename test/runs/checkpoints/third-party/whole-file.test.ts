/**
 * Covers: src/runs/checkpoints/third-party/whole-file.ts, src/runs/checkpoints/third-party/zip.ts,
 * src/runs/checkpoints/third-party/hdf5.ts, src/runs/checkpoints/third-party/safetensors.ts,
 * src/runs/checkpoints/third-party/read-part.ts
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { brokenFile } from "../../../../src/runs/checkpoints/third-party/whole-file.ts";
import { rounds } from "../../../rounds.ts";
import { hdf5Behind, hdf5v0, hdf5v2, hdf5v3, safetensors, torch, zip } from "./real-files.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "whole-file-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function broken(name: string, content: Buffer | string): string | null {
  const path = join(directory, name);
  writeFileSync(path, content);
  return brokenFile({ path, bytes: statSync(path).size }, []);
}
const changed = (file: Buffer, at: number, byte: number): Buffer => {
  const copy = Buffer.from(file);
  copy[at] = byte;
  return copy;
};

const REAL: [string, Buffer][] = [
  ["model.pt", torch],
  ["epoch=1-step=9.ckpt", torch],
  ["model.keras", zip],
  ["model.weights.h5", hdf5v0],
  ["w.hdf5", hdf5v2],
  ["w3.h5", hdf5v3],
  ["behind.h5", hdf5Behind],
  ["model.safetensors", safetensors],
];

describe.each(REAL)("%s", (name, file) => {
  it("as its library wrote it is whole", () => {
    expect(broken(name, file)).toBeNull();
  });

  it("cut anywhere, but for what tells its format, is not", () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: file.length - 1 }), (length) => {
        expect(broken(name, file.subarray(0, length))).toMatch(/^[\w.=-]+ (is|has|isn't) /);
      }),
      { numRuns: rounds(60) },
    );
  });

  it("of zeros, as a power cut leaves it, is not", () => {
    expect(broken(name, Buffer.alloc(file.length))).not.toBeNull();
  });
});

describe("what is said", () => {
  it.each([
    ["a.pt", torch.subarray(0, -40), "is cut short: the directory at the end of its zip archive is missing"],
    [
      "a.pt",
      Buffer.concat([torch.subarray(0, 100), torch.subarray(300)]),
      "has lost a part of its zip archive",
    ],
    ["a.pt", "", "is empty"],
    ["a.pth", Buffer.alloc(900), "holds zeros instead of data"],
    ["a.keras", "PK", "isn't a zip archive, as such a file is"],
    ["a.h5", hdf5v0.subarray(0, -72), `has ${hdf5v0.length - 72} bytes instead of ${hdf5v0.length}`],
    ["a.h5", "text", "isn't an HDF5 file"],
    ["a.h5", changed(hdf5v3, 11, 1), "was never closed by its writer"],
    ["a.safetensors", safetensors.subarray(0, -1), `has ${safetensors.length - 1} bytes instead of 188`],
    ["a.safetensors", Buffer.concat([safetensors, Buffer.alloc(8)]), "has 196 bytes instead of 188"],
    ["a.safetensors", safetensors.subarray(0, 60), "is cut short in its header"],
    ["a.safetensors", changed(safetensors, 8, 0x20), "has a damaged header"],
    ["a.safetensors", "not one of those", "isn't a safetensors file"],
    ["trainer_state.json", '{"log_history": [{"loss": 0.5}, {"los', "is cut short"],
    ["config.json", "", "is empty"],
  ])("%s %#", (name, content, reason) => {
    expect(broken(name, content)).toBe(`${name} ${reason}`);
  });
});

describe("nothing is said against", () => {
  it.each([
    ["legacy.pt", Buffer.from([0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46])],
    ["own.ckpt", "any text"],
    ["weights.bin", Buffer.concat([Buffer.alloc(2000), Buffer.from("1")])],
    ["notes.txt", ""],
    ["state.json", "[1, 2]\n"],
    ["number.json", "7"],
  ])("%s", (name, content) => {
    expect(broken(name, content)).toBeNull();
  });

  it("a file that can't be read, or is gone", () => {
    expect(brokenFile({ path: join(directory, "gone.pt"), bytes: 5 }, [])).toBeNull();
  });

  it("a pipe, which isn't waited for", () => {
    const path = join(directory, "pipe.pt");
    execFileSync("mkfifo", [path]);
    expect(brokenFile({ path, bytes: 5 }, [])).toBeNull();
  });
});

it("a link that leads nowhere is told", () => {
  expect(brokenFile({ path: "/x/model.safetensors", bytes: null }, [])).toBe(
    "model.safetensors is a link that leads nowhere",
  );
});
