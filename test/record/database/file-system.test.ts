import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  mountTypeOf,
  networkFileSystem,
  networkFileSystemAt,
} from "../../../src/record/database/file-system.ts";

describe("network file systems", () => {
  test.each([
    ["NFS", 0x6969, null],
    ["CIFS", 0xff534d42, null],
    ["CIFS", 0xff534d42 | 0, null], // the same, with its sign
    ["SMB", 0xfe534d42, null],
    ["9p", 0x01021997, null],
    ["Lustre", 0x0bd00bd0, null],
    ["Ceph", 0x00c36400, null],
    ["fuse.sshfs", 0x65735546, "fuse.sshfs"],
    ["fuse.glusterfs", 0x65735546, "fuse.glusterfs"],
    ["fuse.mount-s3", 0x65735546, "fuse.mount-s3"],
  ])("%s is one", (name, type, mountType) => {
    expect(networkFileSystem(type, mountType)).toBe(name);
  });

  test.each([
    ["ext4", 0xef53, null],
    ["xfs", 0x58465342, null],
    ["btrfs", 0x9123683e, null],
    ["tmpfs", 0x01021994, null],
    ["overlay", 0x794c7630, null],
    ["zfs", 0x2fc12fc1, null],
    ["an encrypted folder in FUSE", 0x65735546, "fuse.gocryptfs"],
    ["an NTFS disk in FUSE", 0x65735546, "fuseblk"],
    ["an unknown FUSE", 0x65735546, null],
  ])("%s is none", (_, type, mountType) => {
    expect(networkFileSystem(type, mountType)).toBeNull();
  });

  test("the mount that holds a path is the deepest, and of two on one point the later", () => {
    const mountinfo = [
      "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
      "30 22 0:40 / /home rw shared:2 - nfs4 server:/home rw",
      "31 30 0:41 / /home/ana/my\\040box rw shared:3 - fuse.sshfs ana@box: rw",
      "32 22 0:42 / /data rw - ext4 /dev/sdb1 rw",
      "33 22 0:43 / /data rw - fuse.rclone remote: rw",
    ].join("\n");
    expect(mountTypeOf("/srv/x", mountinfo)).toBe("ext4");
    expect(mountTypeOf("/homestead", mountinfo)).toBe("ext4");
    expect(mountTypeOf("/home/bob", mountinfo)).toBe("nfs4");
    expect(mountTypeOf("/home/ana/my box/db", mountinfo)).toBe("fuse.sshfs");
    expect(mountTypeOf("/data", mountinfo)).toBe("fuse.rclone");
  });

  test.runIf(process.platform === "linux")("a folder that doesn't exist yet is judged by its parent", () => {
    expect(networkFileSystemAt(join(tmpdir(), "not", "there", "yet"))).toBeNull();
  });
});
