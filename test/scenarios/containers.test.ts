/**
 * Jobs in real containers under a whole supervisor: seen, asked, frozen, found again and told apart from their client.
 * Covers: src/runs/containers/container-script.ts, src/runs/containers/container.ts, src/runs/containers/ranks-here.ts,
 * src/sense/proc/cgroups.ts
 */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Containers, givenContainers } from "../containers.ts";
import { describeWith, podman } from "../needs.ts";
import { CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

const LIMIT_MS = 240_000;
const LOOP = ["/usr/bin/python3", join(CHILDREN, "python-loop.py")];

const wordsOf = (pid: string): string[] => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
};

let containers: Containers;
let supervisor: RealSupervisor;

describeWith(podman)("a job in a container", () => {
  beforeEach(() => {
    containers = givenContainers();
  });
  afterEach(async () => {
    await supervisor.close();
    containers.close();
  });

  const begin = async (job: Record<string, unknown>): Promise<void> => {
    supervisor = await new RealSupervisor(
      { jobs: [{ name: "asr", container: containers.container(), gpus: 0, ...job }] },
      containers.env,
    ).start();
  };
  const log = (): string => readFileSync(join(supervisor.directory, "state/logs/asr.log"), "utf8");
  const idNow = (): string => containers.ids().join(" ");

  /** The clients that this supervisor's runs have started. */
  const clients = (): number[] =>
    readdirSync("/proc").flatMap((name) => {
      const [program = "", ...words] = wordsOf(name);
      const isOurs = words.includes("run") && words.join(" ").includes(supervisor.directory);
      return isOurs && program.endsWith("podman") ? [Number(name)] : [];
    });
  const stateOf = (id: string): string => containers.podman("inspect", "--format={{.State.Status}}", id);

  test(
    "saves when it is asked, leaves no container, and goes on from its checkpoint",
    async () => {
      await begin({ command: [...LOOP, "0"] });
      await supervisor.steps("asr", 50);
      const first = idNow();
      expect(supervisor.say("pause", "asr")).toMatchObject({ code: 0 });
      const [paused] = supervisor.audit("pause.completed");
      expect(paused?.outcome).toMatchObject({ stepsLost: 0 });
      await until("no container to be left", () => idNow() === "");
      const step = supervisor.job("asr").progress?.step ?? 0;
      expect(supervisor.say("resume", "asr")).toMatchObject({ code: 0 });
      await supervisor.steps("asr", step);
      expect(log()).toContain(`supervised true, from ${step}`);
      expect(idNow()).not.toBe(first);
    },
    LIMIT_MS,
  );

  test(
    "takes a command that is written out, and tells its exit code",
    async () => {
      const { image, options } = containers.container("--rm");
      await begin({
        container: undefined,
        command: ["podman", "run", ...options, image, "/bin/sh", "-c", "exit 41"],
        restart: { onFailure: false },
      });
      const failed = await supervisor.recorded("job.failed");
      expect(failed.outcome).toMatchObject({ code: 41, final: true });
      await until("no container to be left", () => idNow() === "");
    },
    LIMIT_MS,
  );

  test(
    "is frozen and thawed by its engine",
    async () => {
      await begin({ command: [...LOOP, "0"], pause: { method: "freeze" } });
      await supervisor.steps("asr", 20);
      const id = idNow();
      expect(supervisor.say("pause", "asr")).toMatchObject({ code: 0 });
      await supervisor.reaches("asr", ["frozen"]);
      expect(stateOf(id)).toBe("paused");
      const step = supervisor.job("asr").progress?.step ?? 0;
      await supervisor.ticks(4);
      expect(supervisor.job("asr").progress?.step).toBe(step);
      expect(supervisor.say("resume", "asr")).toMatchObject({ code: 0 });
      await supervisor.steps("asr", step);
      expect(stateOf(id)).toBe("running");
      // Cancelled while frozen: nothing of it may hang.
      supervisor.say("pause", "asr");
      await supervisor.reaches("asr", ["frozen"]);
      supervisor.say("cancel", "asr");
      await supervisor.reaches("asr", ["cancelled"]);
      await until("no container to be left", () => idNow() === "");
    },
    LIMIT_MS,
  );

  test(
    "survives its supervisor and its client, and is taken back under the same id",
    async () => {
      await begin({ command: [...LOOP, "0"] });
      await supervisor.steps("asr", 20);
      const id = idNow();
      await supervisor.crash();
      expect(clients()).toHaveLength(1);
      for (const pid of clients()) process.kill(pid, "SIGKILL");
      await supervisor.start();
      const { progress } = await supervisor.reaches("asr", ["running"]);
      await supervisor.steps("asr", progress?.step ?? 0);
      expect(idNow()).toBe(id);
      expect(supervisor.say("pause", "asr")).toMatchObject({ code: 0 });
      expect(supervisor.audit("pause.completed")[0]?.outcome).toMatchObject({ stepsLost: 0 });
      expect(supervisor.audit("job.started")).toHaveLength(1);
      await until("no container to be left", () => idNow() === "");
    },
    LIMIT_MS,
  );

  test(
    "is told to have been removed by somebody else, and is started once again",
    async () => {
      await begin({ command: [...LOOP, "0"], restart: { backoffSeconds: 0.2 } });
      await supervisor.steps("asr", 20);
      // A removal ends the container first: who looks in between sees a kill.
      const { pid } = supervisor.job("asr");
      process.kill(pid as number, "SIGSTOP");
      containers.podman("rm", "--force", "--time=0", idNow());
      process.kill(pid as number, "SIGCONT");
      const failed = await supervisor.recorded("job.failed");
      expect(failed.reason).toContain("the removal of its container by somebody else");
      await supervisor.reaches("asr", ["running"]);
      await until("one new container", () => idNow().split("\n").length === 1 && idNow() !== "");
    },
    LIMIT_MS,
  );

  test(
    "is taken back when every file about it is gone",
    async () => {
      await begin({ command: [...LOOP, "0"] });
      await supervisor.steps("asr", 20);
      const id = idNow();
      await supervisor.crash();
      // The job goes on writing its report there.
      for (const left of ["state", "audit.sqlite", "audit.sqlite-wal", "audit.sqlite-shm"])
        await until(`${left} to be removed`, () => {
          rmSync(join(supervisor.directory, left), { recursive: true, force: true });
          return true;
        });
      await supervisor.start();
      await supervisor.reaches("asr", ["running"]);
      supervisor.say("cancel", "asr");
      await supervisor.reaches("asr", ["cancelled"]);
      expect(supervisor.audit("job.started")).toEqual([]);
      await until("its container to be removed", () => idNow() === "");
      expect(id).not.toBe("");
    },
    LIMIT_MS,
  );
});
