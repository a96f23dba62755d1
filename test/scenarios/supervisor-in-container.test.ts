/**
 * A supervisor in a container, in the ways that docs/containers.md tells: with processes of its own, and with the host's.
 * Covers: src/sense/proc/container.ts
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Snapshot } from "../../src/control/protocol.ts";
import { type Containers, givenContainers } from "../containers.ts";
import { describeWith, podman } from "../needs.ts";
import { until } from "../until.ts";
import { CHILDREN } from "./real-supervisor.ts";

const BIN = resolve(import.meta.dirname, "../../dist/bin.js");
const LIMIT_MS = 480_000;

let containers: Containers;
let folder: string;

describeWith(podman)("a supervisor in a container", () => {
  beforeEach(() => {
    containers = givenContainers();
    folder = mkdtempSync(join(tmpdir(), "inside-"));
    mkdirSync(join(folder, "home"));
    const command = ["/usr/bin/python3", join(CHILDREN, "python-loop.py"), "0"];
    const jobs = [{ name: "asr", command, gpus: 0 }];
    const config = { pollSeconds: 0.5, stateDirectory: "state", database: "audit.sqlite", rules: [], jobs };
    writeFileSync(join(folder, "supervisor.config.json"), JSON.stringify(config));
  });
  afterEach(() => {
    containers.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const inside = [process.execPath, BIN];
  const begin = (...ways: string[]): string => {
    const { image, options } = containers.container(
      ...["--detach", `--volume=${folder}:${folder}`, `--env=HOME=${folder}/home`, `--workdir=${folder}`],
      ...ways,
    );
    return containers.podman("run", ...options, image, ...inside, "start", "--headless");
  };
  const say = (id: string, ...words: string[]): string => containers.podman("exec", id, ...inside, ...words);
  const shows = async (id: string, what: string, find: (seen: Snapshot) => unknown): Promise<Snapshot> =>
    await until(
      what,
      () => {
        const seen: Snapshot = JSON.parse(say(id, "status", "--json"));
        return find(seen) ? seen : null;
      },
      { everyMs: 300 },
    );
  const others = ({ machine }: Snapshot) => machine["cpu.others"];

  test.each([
    { way: "with processes of its own", options: ["--init"], told: false },
    { way: "with the host's processes", options: ["--pid=host"], told: true },
  ])(
    "$way",
    async ({ options, told }) => {
      const id = begin(...options);
      await shows(id, "steps", ({ jobs }) => (jobs[0]?.progress?.step ?? 0) > 20);
      const seen = await shows(id, "others' use", (now) => {
        const use = others(now);
        return told ? "value" in use : "unavailable" in use && /container/.test(use.unavailable);
      });
      expect(seen.jobs[0]?.state).toBe("running");
      say(id, "pause", "asr");
      const paused = await shows(id, "the pause", ({ jobs }) => jobs[0]?.state === "paused");
      expect(paused.jobs[0]?.checkpoint?.step).toBeGreaterThan(20);
      // Its own signal stops it: the jobs are saved.
      say(id, "resume", "asr");
      await shows(id, "more steps", ({ jobs }) => jobs[0]?.state === "running");
      containers.podman("stop", "--time=120", id);
      expect(containers.podman("inspect", "--format={{.State.ExitCode}}", id)).toBe("0");
    },
    LIMIT_MS,
  );
});
