import { describe, expect, it } from "vitest";
import { hiddenHostPids } from "../../../src/sense/proc/container.ts";

describe("the host's processes", () => {
  it("are visible in the first pid namespace, or where /proc/stat is this container's own", () => {
    expect(hiddenHostPids("pid:[4026531836]", "")).toBeNull();
    expect(
      hiddenHostPids("pid:[4026532999]", "1 2 0:9 /proc/stat /proc/stat rw - fuse.lxcfs lxcfs rw\n"),
    ).toBeNull();
  });

  it("are hidden in any other, and where that is unknown", () => {
    expect(hiddenHostPids("pid:[4026532999]", "22 27 0:21 / /proc rw - proc proc rw\n")).toMatch(/container/);
    expect(hiddenHostPids(null, "")).toMatch(/is unknown/);
  });
});
