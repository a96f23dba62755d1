/** Covers: src/files/home.ts, src/files/state-paths.ts */
import { userInfo } from "node:os";
import { expect, test } from "vitest";
import { homeFolder } from "../../src/files/home.ts";
import { lockFolders } from "../../src/files/state-paths.ts";

test("HOME counts where it is absolute, else the system's list of users", () => {
  expect(homeFolder({ HOME: "/home/mia" })).toBe("/home/mia");
  for (const HOME of [undefined, "", "relative/home", "~"])
    expect(homeFolder({ HOME })).toBe(userInfo().homedir);
});

test("locks are kept where no session's environment matters, and never in the state directory's own default", () => {
  const folders = lockFolders({
    HOME: "/home/mia",
    XDG_RUNTIME_DIR: "/run/a",
    XDG_STATE_HOME: "/b",
    TMPDIR: "/c",
  });
  expect(folders).toEqual([
    "/home/mia/.local/state/gpu-job-supervisor-locks",
    `/tmp/gpu-job-supervisor-${process.getuid?.()}`,
  ]);
  expect(lockFolders({ HOME: "/home/mia", GPU_JOB_SUPERVISOR_LOCKS: "/srv/locks" })).toEqual(["/srv/locks"]);
});
