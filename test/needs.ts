/**
 * What a test needs of the machine. On a user's machine a test whose need isn't met is skipped
 * with the reason in its name; where SUPERVISOR_TEST_REQUIRE=all, it runs and fails instead.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "vitest";
import { pythonPath } from "./python-path.ts";

export interface Need {
  met: boolean;
  reason: string;
}

const required = process.env.SUPERVISOR_TEST_REQUIRE === "all";

/** `test`, or one that is skipped and says in its name why. */
export const testWith = (need: Need): typeof test =>
  need.met || required ? test : skipping(test.skip, need);
export const describeWith = (need: Need): typeof describe =>
  need.met || required ? describe : skipping(describe.skip, need);

function skipping<Suite>(skip: (name: string, ...rest: never[]) => unknown, { reason }: Need): Suite {
  return ((name: string, ...rest: never[]) => skip(`${name} [skipped: ${reason}]`, ...rest)) as Suite;
}

const runs = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: "ignore" }).status === 0;

export const tmux: Need = { met: runs("tmux", "-V"), reason: "tmux is not installed" };

export const systemdAnalyze: Need = {
  met: runs("systemd-analyze", "--version"),
  reason: "systemd isn't installed",
};

/** It wants its own cgroup hierarchy, and root to have a /run of its own. */
export const userManager: Need = {
  met:
    process.getuid?.() === 0 &&
    existsSync("/lib/systemd/systemd") &&
    existsSync("/sys/fs/cgroup/systemd/cgroup.procs") &&
    runs("unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/run"),
  reason: "a systemd user manager can't be run here (root, systemd and its cgroup)",
};

/** A system bus of the test's own, with a stand-in for logind at it. */
export const systemBus: Need = {
  met:
    runs("dbus-daemon", "--version") &&
    runs("gdbus", "help") &&
    runs("systemd-inhibit", "--version") &&
    runs("/usr/bin/python3", "-c", "from gi.repository import Gio"),
  reason: "dbus-daemon, gdbus (libglib2.0-bin), systemd-inhibit and python3-gi",
};

export const man: Need = {
  met: runs("man", "--version") && runs("col", "--version"),
  reason: "man or col isn't installed",
};

const inTmux = (shell: string): Need => ({
  met: tmux.met && runs(shell, "--version"),
  reason: `${shell} or tmux isn't installed`,
});
export const zsh = inTmux("zsh");
export const fish = inTmux("fish");

/** Looked for, not run: without a set-up no program of it starts. Debian puts daemons where only root looks. */
export const slurm: Need = {
  met: ["squeue", "slurmctld", "slurmd", "munged"].every((name) =>
    ["/usr/sbin", "/usr/bin"].some((folder) => existsSync(join(folder, name))),
  ),
  reason: "a Slurm cluster (Debian's slurmctld, slurmd, slurm-client and munge)",
};

export const compiler: Need = { met: runs("cc", "--version"), reason: "no C compiler (cc)" };

/** A small file system of the test's own can be filled. */
export const smallDisk: Need = {
  met: (() => {
    const folder = mkdtempSync(join(tmpdir(), "needs-"));
    const mounted = runs("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder);
    if (mounted) runs("umount", "-l", folder);
    rmdirSync(folder);
    return mounted;
  })(),
  reason: "mounting a small tmpfs isn't allowed",
};

/** A mount whose server has died (`deadMount`). */
export const fuse: Need = {
  met: process.getuid?.() === 0 && existsSync("/dev/fuse"),
  reason: "it takes root and /dev/fuse to mount what nobody serves",
};

export const strace: Need = {
  met: runs("strace", "-e", "trace=none", "true"),
  reason: "strace isn't installed, or tracing isn't allowed",
};

export const root: Need = { met: process.getuid?.() === 0, reason: "it takes root to be two users" };

/** /proc can be mounted anew so that another user's processes are hidden from an ordinary user. */
export const hiddenUsers: Need = {
  met: runs(
    "unshare",
    "-m",
    "sh",
    "-c",
    "mount -t proc -o hidepid=2 proc /proc && setpriv --reuid=65534 true",
  ),
  reason: "it takes root, unshare and setpriv to hide other users' processes",
};

/** A CPU-accounting cgroup can be made (cgroup v1, as root). */
export const cpuCgroup: Need = {
  met: (() => {
    const probe = `/sys/fs/cgroup/cpuacct/gpu-job-supervisor-probe-${process.pid}`;
    try {
      mkdirSync(probe);
      rmdirSync(probe);
      return true;
    } catch {
      return false;
    }
  })(),
  reason: "no writable CPU cgroup",
};

const pythonRuns = (program: string): boolean => runs(pythonPath, "-c", program);

/** Looked for, not imported: torch would take a second. */
const pythonHas = (...modules: string[]): boolean =>
  pythonRuns(
    `from importlib.util import find_spec; import sys; sys.exit(not all(map(find_spec, ${JSON.stringify(modules)})))`,
  );

export const python: Need = {
  met: pythonRuns("import sys; sys.exit(sys.version_info < (3, 9))"),
  reason: `Python 3.9 or newer as ${pythonPath} (SUPERVISOR_TEST_PYTHON)`,
};

export const pip: Need = {
  met: pythonHas("pip", "setuptools"),
  reason: `pip and setuptools in ${pythonPath} (SUPERVISOR_TEST_PYTHON)`,
};

export const torch: Need = {
  met: pythonHas("torch", "torchaudio"),
  reason: `PyTorch and torchaudio in ${pythonPath} (SUPERVISOR_TEST_PYTHON)`,
};

/** Scenarios in which others' use must be low to begin with; a busy machine would rightly hold jobs back. */
export function quietMachine(): Need {
  const busy = (): { busy: number; all: number } => {
    const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n");
    const times = line.trim().split(/\s+/).slice(1, 9).map(Number);
    const all = times.reduce((sum, time) => sum + time, 0);
    return { busy: all - (times[3] ?? 0) - (times[4] ?? 0), all };
  };
  const before = busy();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000);
  const after = busy();
  const percent = (100 * (after.busy - before.busy)) / Math.max(1, after.all - before.all);
  return { met: percent < 35, reason: `other programs use ${percent.toFixed(0)} % of the CPU` };
}

export const prometheus: Need = {
  met: runs("prometheus", "--version") && runs("promtool", "--version"),
  reason: "prometheus and promtool are not installed",
};

export const nodeExporter: Need = {
  met: runs("prometheus-node-exporter", "--version"),
  reason: "prometheus-node-exporter is not installed",
};

export const sshd: Need = {
  met: runs("ssh", "-V") && existsSync("/usr/sbin/sshd"),
  reason: "openssh-server and openssh-client are not installed",
};

export const mypy: Need = { met: runs("mypy", "--version"), reason: "mypy is not installed" };

export const pyaudio: Need = { met: pythonHas("pyaudio"), reason: `PyAudio for ${pythonPath}` };

export const objectStore: Need = {
  met: ["ceph-mon", "ceph-osd", "radosgw"].every((program) => runs(program, "--version")),
  reason: "no S3 server (Debian's radosgw, ceph-mon and ceph-osd)",
};

export const browserPath =
  ["chromium", "google-chrome", "chrome"].find((name) => runs(name, "--version")) ?? "chromium";
export const browser: Need = { met: runs(browserPath, "--version"), reason: "no Chromium or Chrome" };

/** Containers can be run: as root, without a registry or systemd (test/containers.ts). */
export const podman: Need = {
  met:
    process.getuid?.() === 0 &&
    ["podman", "runc", "catatonit"].every((program) => runs(program, "--version")),
  reason: "podman, runc and catatonit as root",
};
