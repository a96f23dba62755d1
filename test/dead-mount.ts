/** A folder that fails like one of a network whose server has died: each look into it ends in ENOTCONN. Needs `fuse`. */
import { execFileSync } from "node:child_process";
import { onTestFinished } from "vitest";

/** At `folder`, an empty one, until the test ends or what is returned is called. */
export function deadMount(folder: string): () => void {
  // Whoever serves it ends with this shell.
  inShell(
    'exec 3<>/dev/fuse; mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 none "$0"',
    folder,
  );
  let isMounted = true;
  const heal = (): void => {
    if (isMounted) inShell('umount -l "$0"', folder);
    isMounted = false;
  };
  onTestFinished(heal);
  return heal;
}

/** With a PATH of its own, since the test's may lead into the folder. */
const inShell = (script: string, folder: string): Buffer =>
  execFileSync("/bin/sh", ["-c", script, folder], { env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } });
