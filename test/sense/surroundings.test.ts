/** Small facts about where we are: containers, GPUs, users, pages, files that come and go. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hiddenHostPids } from "../../src/sense/proc/container.ts";
import { KeptFiles, keepFile } from "../../src/sense/proc/kept-file.ts";
import { pageBytes } from "../../src/sense/proc/page-size.ts";
import { parsePasswd, userName } from "../../src/sense/proc/user-name.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sense-surroundings-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe("the host's processes", () => {
  it("are visible in the first pid namespace, or where /proc/stat is this container's own", () => {
    expect(hiddenHostPids("pid:[4026531836]", "")).toBeNull();
    expect(
      hiddenHostPids("pid:[4026532999]", "1 2 0:9 /proc/stat /proc/stat rw - fuse.lxcfs lxcfs rw\n"),
    ).toBeNull();
  });

  it("are hidden in any other, and where that can't be told", () => {
    expect(hiddenHostPids("pid:[4026532999]", "22 27 0:21 / /proc rw - proc proc rw\n")).toMatch(/container/);
    expect(hiddenHostPids(null, "")).toMatch(/can't be told/);
  });
});

describe("users", () => {
  it("have names, or numbers where they have none", () => {
    expect(
      parsePasswd("root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nbad\n:x:5:\nana:x:1000:1000::/:/bin/sh"),
    ).toEqual(
      new Map([
        [0, "root"],
        [1000, "ana"],
      ]),
    );
    expect(userName(0)).toBe("root");
    expect(userName(4_000_000_000)).toBe("4000000000");
  });
});

describe("pages", () => {
  it("have the size that the kernel tells", () => {
    expect([4096, 16384, 65536]).toContain(pageBytes());
    const entry = (key: bigint, value: bigint): Buffer => {
      const words = Buffer.alloc(16);
      words.writeBigUInt64LE(key);
      words.writeBigUInt64LE(value, 8);
      return words;
    };
    expect(pageBytes(Buffer.concat([entry(3n, 64n), entry(6n, 65536n), entry(0n, 0n)]))).toBe(65536);
    expect(pageBytes(Buffer.from([1, 2, 3]))).toBe(4096);
    expect(pageBytes(null)).toBe(4096);
  });
});

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
