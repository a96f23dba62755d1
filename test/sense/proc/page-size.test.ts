import { describe, expect, it } from "vitest";
import { pageBytes } from "../../../src/sense/proc/page-size.ts";

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
