/**
 * Memory limits of containers, from files laid out as the kernel does: this machine has only one of the two
 * kinds.
 * Covers: src/sense/machine/memory-limit.ts, src/sense/machine/machine.ts, src/sense/machine/memory-use.ts.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { roomOf } from "../../../src/sense/machine/machine.ts";
import { memoryCgroups, readLimit } from "../../../src/sense/machine/memory-limit.ts";
import { cgroupMemoryMiB } from "../../../src/sense/machine/memory-use.ts";

const MIB = 1024 * 1024;

describe("our memory cgroups", () => {
  it("reach from our own up to the mount in v2", () => {
    const mounts = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n";
    expect(memoryCgroups("0::/system.slice/x.service\n", mounts)).toEqual([
      { path: "/sys/fs/cgroup/system.slice/x.service", v2: true },
      { path: "/sys/fs/cgroup/system.slice", v2: true },
      { path: "/sys/fs/cgroup", v2: true },
    ]);
  });

  it("are those of the memory hierarchy in v1", () => {
    const mounts =
      "34 31 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n35 31 0:34 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
    expect(memoryCgroups("5:cpu:/\n4:memory:/a\n0::/\n", mounts)).toEqual([
      { path: "/sys/fs/cgroup/memory/a", v2: false },
      { path: "/sys/fs/cgroup/memory", v2: false },
    ]);
  });

  it("are the mount itself in a container that sees only its own", () => {
    const mounts = "35 31 0:34 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
    expect(memoryCgroups("4:memory:/docker/abc\n", mounts)).toEqual([
      { path: "/sys/fs/cgroup/memory", v2: false },
    ]);
  });

  it("are none where nothing is understood", () => {
    expect(memoryCgroups("", "")).toEqual([]);
    expect(memoryCgroups("garbage", "1 2 3")).toEqual([]);
  });
});

describe("a limit", () => {
  let path: string;
  const put = (name: string, content: string): void => writeFileSync(join(path, name), content);
  beforeEach(() => {
    path = join(mkdtempSync(join(tmpdir(), "sense-limit-")), "cgroup");
    mkdirSync(path);
  });
  afterEach(() => rmSync(join(path, ".."), { recursive: true }));

  it("of v2 leaves what isn't used, files that can be dropped counted as room", () => {
    put("memory.max", `${1000 * MIB}\n`);
    put("memory.current", `${700 * MIB}\n`);
    put("memory.stat", `anon ${500 * MIB}\nfile ${200 * MIB}\ninactive_file ${100 * MIB}\n`);
    expect(readLimit({ path, v2: true })).toEqual({ totalMiB: 1000, availableMiB: 400 });
  });

  it("of v1 has other names", () => {
    put("memory.limit_in_bytes", `${1000 * MIB}\n`);
    put("memory.usage_in_bytes", `${700 * MIB}\n`);
    put("memory.stat", `cache 1\ntotal_inactive_file ${50 * MIB}\n`);
    expect(readLimit({ path, v2: false })).toEqual({ totalMiB: 1000, availableMiB: 350 });
  });

  it("is none where there is none, or nothing that is understood", () => {
    expect(readLimit({ path, v2: true })).toBeNull();
    put("memory.max", "max\n");
    put("memory.current", "5\n");
    expect(readLimit({ path, v2: true })).toBeNull();
    put("memory.limit_in_bytes", "9223372036854771712\n");
    put("memory.usage_in_bytes", "5\n");
    expect(readLimit({ path, v2: false })).toBeNull();
  });
});

describe("a run's memory", () => {
  it("is exact where its cgroup has the memory controller of v2", () => {
    expect(cgroupMemoryMiB(`anon ${500 * MIB}\nfile ${200 * MIB}\nshmem ${20 * MIB}\n`)).toBe(520);
    expect(cgroupMemoryMiB(`cache 5\ntotal_rss 7\n`)).toBeNull();
    expect(cgroupMemoryMiB(null)).toBeNull();
  });
});

describe("room in memory", () => {
  const info = { totalMiB: 1000, availableMiB: 600, swapUsedMiB: 0 };
  it("is the smaller of the machine's and the container's", () => {
    expect(roomOf(info, null)).toEqual({ totalMiB: 1000, availableMiB: 600 });
    expect(roomOf(info, { totalMiB: 400, availableMiB: 100 })).toEqual({ totalMiB: 400, availableMiB: 100 });
    expect(roomOf(info, { totalMiB: 900, availableMiB: 700 })).toEqual({ totalMiB: 1000, availableMiB: 600 });
    expect(roomOf({ ...info, availableMiB: null }, { totalMiB: 900, availableMiB: 700 })).toBeNull();
  });
});
