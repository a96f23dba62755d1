import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Reading } from "../../../src/model/machine.ts";
import { inBackground, readBattery, watchDisk } from "../../../src/sense/machine/background.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sense-background-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe("a slow reading", () => {
  it("is taken one at a time, holds for a while and then grows old", async () => {
    const taken: PromiseWithResolvers<Reading>[] = [];
    const read = inBackground({ unavailable: "not yet" }, { everyMs: 10, holdsMs: 100 }, () => {
      taken.push(Promise.withResolvers<Reading>());
      return (taken.at(-1) as PromiseWithResolvers<Reading>).promise;
    });
    expect(read(0)).toEqual({ unavailable: "not yet" });
    expect(read(50)).toEqual({ unavailable: "not yet" });
    expect(taken).toHaveLength(1);
    taken[0]?.resolve({ value: 7, atMs: 60 });
    await Promise.resolve()
      .then(() => undefined)
      .then(() => undefined)
      .then(() => undefined);
    expect(read(70)).toEqual({ value: 7, atMs: 70 });
    expect(taken).toHaveLength(2);
    // The second one hangs: its predecessor holds for 100 ms and then shows its age.
    expect(read(159)).toEqual({ value: 7, atMs: 159 });
    expect(read(161)).toEqual({ value: 7, atMs: 60 });
    expect(taken).toHaveLength(2);
  });

  it("that fails says why", async () => {
    const read = inBackground({ unavailable: "not yet" }, { everyMs: 10, holdsMs: 100 }, () =>
      Promise.reject(new Error("gone")),
    );
    read(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(read(1)).toEqual({ unavailable: "gone" });
  });
});

describe("the disk", () => {
  it("has room, read at once", () => {
    expect(watchDisk(directory)(5)).toEqual({ value: expect.any(Number), atMs: expect.any(Number) });
  });

  it("of a path that doesn't exist is unavailable, with the path", () => {
    expect(watchDisk(join(directory, "none"))(5)).toEqual({
      unavailable: `free space on the disk of ${join(directory, "none")} can't be read (ENOENT)`,
    });
  });
});

describe("the battery", () => {
  const supply = (name: string, files: Record<string, string>): void => {
    mkdirSync(join(directory, name));
    for (const [file, content] of Object.entries(files)) writeFileSync(join(directory, name, file), content);
  };

  it("is the machine's own, not the mains nor a mouse", async () => {
    supply("AC", { type: "Mains\n", online: "1\n" });
    supply("hidpp_battery_0", { type: "Battery\n", scope: "Device\n", capacity: "3\n" });
    supply("BAT0", { type: "Battery\n", capacity: "80\n" });
    supply("BAT1", { type: "Battery\n", capacity: "60\n" });
    expect(await readBattery(directory)).toEqual({ value: 70, atMs: expect.any(Number) });
  });

  it("is unavailable, not empty, where there is none or it tells nonsense", async () => {
    expect(await readBattery(join(directory, "none"))).toHaveProperty("unavailable");
    supply("BAT0", { type: "Battery\n", capacity: "-1\n" });
    supply("BAT1", { type: "Battery\n" });
    expect(await readBattery(directory)).toHaveProperty("unavailable");
  });
});
