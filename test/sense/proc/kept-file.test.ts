import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KeptFiles, keepFile } from "../../../src/sense/proc/kept-file.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kept-file-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe("a kept file", () => {
  it("is read anew each time, also after it was away", () => {
    const path = join(directory, "file");
    const file = keepFile(path);
    expect(file.read()).toBeNull();
    expect(file.error).toBe("ENOENT");
    writeFileSync(path, "one");
    expect(file.read()).toBe("one");
    writeFileSync(path, "two");
    expect(file.read()).toBe("two");
    expect(file.error).toBeNull();
    file.close();
  });

  it("among more than may be kept is still read", () => {
    const files = new KeptFiles(2);
    for (const name of ["a", "b", "c"]) writeFileSync(join(directory, name), name);
    const all = (): (string | null)[] => ["a", "b", "c"].map((name) => files.read(join(directory, name)));
    expect([all(), all()]).toEqual([
      ["a", "b", "c"],
      ["a", "b", "c"],
    ]);
    files.sweep();
    files.sweep();
    expect(all()).toEqual(["a", "b", "c"]);
    files.close();
  });
});
