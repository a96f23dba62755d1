/**
 * Real containers for tests, without a registry: their root is a folder of links into the machine's own `/usr`, which
 * is mounted with this repository. The engine is told what works where no systemd runs and limits can't be raised.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const REPOSITORY = resolve(import.meta.dirname, "..");

export interface Containers {
  /** Of a job: its `container`, with more options. */
  container(...options: string[]): { engine: "podman"; image: string; options: string[] };
  /** What every client of the engine needs. */
  env: NodeJS.ProcessEnv;
  /** Runs the engine's client; returns what it printed. Throws when it fails. */
  podman(...words: string[]): string;
  /** The ids of those that were made with `container` and are still there, running or not. */
  ids(): string[];
  /** Removes the containers that were made, and the root. */
  close(): void;
}

export function givenContainers(): Containers {
  const folder = mkdtempSync(join(tmpdir(), "containers-"));
  const root = join(folder, "root");
  for (const name of ["usr", "proc", "sys", "dev", "tmp", "etc", "run"])
    mkdirSync(join(root, name), { recursive: true });
  for (const name of ["bin", "sbin", "lib", "lib64"]) symlinkSync(`usr/${name}`, join(root, name));
  const conf = join(folder, "containers.conf");
  writeFileSync(
    conf,
    `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
netns = "none"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
`,
  );
  const env = { CONTAINERS_CONF: conf };
  const podman = (...words: string[]): string => {
    const done = spawnSync("podman", words, { env: { ...process.env, ...env }, encoding: "utf8" });
    if (done.status !== 0) throw new Error(`podman ${words[0]}: ${done.stderr}`);
    return done.stdout.trim();
  };
  const ids = (): string[] =>
    podman("ps", "--all", "--quiet", "--no-trunc", "--filter", `label=test=${folder}`)
      .split("\n")
      .filter(Boolean);
  const mounts = ["/usr", REPOSITORY].map((path) => `--volume=${path}:${path}:ro`);
  return {
    container: (...options) => ({
      engine: "podman",
      image: root,
      options: [...mounts, `--label=test=${folder}`, ...options, "--rootfs"],
    }),
    env,
    podman,
    ids,
    close: () => {
      // One that is just ending, or being removed by somebody else, is refused once.
      for (let left = ids(), tries = 1; left.length > 0; left = ids(), tries++)
        for (const id of left)
          try {
            podman("rm", "--force", "--time=0", id);
          } catch (error) {
            if (tries === 60) throw error;
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
          }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
