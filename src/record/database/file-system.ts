/**
 * Detects network file systems. SQLite's WAL needs memory shared between processes and locks that the
 * kernel keeps; over a network either may silently fail.
 */
import { readFileSync, realpathSync, statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DatabaseError } from "./database-error.ts";

/** f_type of statfs(2), from linux/magic.h and the file systems' own sources. */
const NETWORK_TYPES: Record<number, string> = {
  26985: "NFS",
  20859: "SMB",
  4283649346: "CIFS",
  4266872130: "SMB",
  16914839: "9p",
  198183888: "Lustre",
  12805120: "Ceph",
  1397113167: "AFS",
  1937076805: "Coda",
  1196443219: "GPFS",
  428016422: "BeeGFS",
  537068840: "OrangeFS",
  2866260714: "PanFS",
  22092: "NCP",
  2020557398: "VirtualBox shared folder",
  3133910204: "VMware shared folder",
};
const FUSE = 0x65735546;
const NETWORK_FUSE =
  /^fuse\.(sshfs|s3fs|rclone|glusterfs|ceph|juicefs|gcsfuse|goofys|mount-?s3|davfs|smbnetfs|curlftpfs|nfs|seaweedfs|moosefs|mfs|beegfs|blobfuse2?|lizardfs)/;

/**
 * The name of the network file system, or null for a local one. `type` is statfs's f_type,
 * `mountType` the type in /proc/self/mountinfo, which alone tells FUSE file systems apart.
 */
export function networkFileSystem(type: number, mountType: string | null): string | null {
  const magic = type >>> 0; // some kernels return the 32-bit magic as a signed number
  if (magic === FUSE) return mountType !== null && NETWORK_FUSE.test(mountType) ? mountType : null;
  return NETWORK_TYPES[magic] ?? null;
}

/** The type of the mount that holds `path` in the text of /proc/self/mountinfo. */
export function mountTypeOf(path: string, mountinfo: string): string | null {
  let longest = -1;
  let type: string | null = null;
  for (const line of mountinfo.split("\n")) {
    const [mount, source] = line.split(" - ");
    const point = mount
      ?.split(" ")[4]
      ?.replace(/\\([0-7]{3})/g, (_, o) => String.fromCharCode(parseInt(o, 8)));
    if (point === undefined || source === undefined) continue;
    const inside = path === point || path.startsWith(point.endsWith("/") ? point : `${point}/`);
    // A later mount on the same point hides the earlier one.
    if (inside && point.length >= longest) {
      longest = point.length;
      type = source.split(" ")[0] ?? null;
    }
  }
  return type;
}

/** Throws DatabaseError where `path` lies, or would lie, on a network file system. */
export function refuseNetwork(path: string): void {
  const network = networkFileSystemAt(path);
  if (network === null) return;
  throw new DatabaseError(
    "network-file-system",
    path,
    `${path} lies on a network file system (${network}), where SQLite's WAL isn't safe. ` +
      `Set "database" to a file on a local disk.`,
  );
}

/** Looks at the file, or at the nearest folder that exists. Null when it is local, or when the system can't tell. */
export function networkFileSystemAt(path: string): string | null {
  if (process.platform !== "linux") return null;
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    try {
      const { type } = statfsSync(folder);
      const isFuse = type >>> 0 === FUSE;
      return networkFileSystem(type, isFuse ? mountTypeOf(realpathSync(folder), readMounts()) : null);
    } catch {
      if (folder === dirname(folder)) return null;
    }
  }
}

function readMounts(): string {
  try {
    return readFileSync("/proc/self/mountinfo", "utf8");
  } catch {
    return "";
  }
}
