/**
 * A job in a real container whose engine fails, or can't be reached for a while: it is frozen all the same, and
 * its end isn't misread.
 * Covers: src/runs/containers/container-script.ts, src/runs/containers/container.ts
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Containers, givenContainers } from "../containers.ts";
import { describeWith, podman } from "../needs.ts";
import { RealSupervisor, until } from "./real-supervisor.ts";

const LIMIT_MS = 240_000;
/** As a client says it whose engine is down. */
const DOWN = "dial unix /run/engine.sock: connect: no such file or directory";

let containers: Containers;
let supervisor: RealSupervisor;
let folder: string;

describeWith(podman)("a job in a container whose engine", () => {
  beforeEach(() => {
    containers = givenContainers();
    folder = mkdtempSync(join(tmpdir(), "engine-"));
    const client = `#!/bin/sh\nif [ -e ${folder}/fate ]; then . ${folder}/fate; fi\nexec /usr/bin/podman "$@"\n`;
    writeFileSync(join(folder, "podman"), client, { mode: 0o755 });
  });
  afterEach(async () => {
    rmSync(join(folder, "fate"), { force: true });
    await supervisor.close();
    containers.close();
    rmSync(folder, { recursive: true });
  });

  /** `answers`: what is done instead for a call with this verb, as shell. */
  const fails = (verb: string, answers: string): void =>
    writeFileSync(join(folder, "fate"), `case " $* " in *" ${verb} "*) ${answers} ;; esac\n`);

  const begin = async (command: string, more: object = {}): Promise<string> => {
    const job = {
      name: "asr",
      command: ["/bin/sh", "-c", command],
      container: containers.container(`--volume=${folder}:${folder}`),
      gpus: 0,
      ...more,
    };
    const env = { ...containers.env, PATH: `${folder}:${process.env.PATH}` };
    supervisor = await new RealSupervisor({ jobs: [job] }, env).start();
    await supervisor.reaches("asr", ["running"]);
    return await until("its container", () => containers.ids()[0] ?? null);
  };
  const counted = (): number => readFileSync(join(folder, "count"), "utf8").split("\n").length;

  test(
    "refuses to pause it: it is frozen without it, and goes on",
    async () => {
      await begin(`while :; do echo >> ${folder}/count; sleep 0.1; done`, { pause: { method: "freeze" } });
      await until("it to count", () => counted() > 2);
      fails("pause", `echo ${DOWN} >&2; exit 125`);
      expect(supervisor.say("pause", "asr")).toMatchObject({ code: 0 });
      await supervisor.reaches("asr", ["frozen"]);
      const before = counted();
      await supervisor.ticks(4);
      expect(counted()).toBe(before);
      expect(supervisor.say("resume", "asr")).toMatchObject({ code: 0 });
      await until("it to go on", () => counted() > before);
    },
    LIMIT_MS,
  );

  test(
    "can't be reached at its end: that isn't a removal, and its exit code is told once it can be",
    async () => {
      const stop = join(folder, "stop");
      const id = await begin(`until [ -e ${stop} ]; do sleep 0.1; done; exit 41`, {
        restart: { onFailure: false },
      });
      fails("inspect", `echo ${DOWN}; exit 125`);
      writeFileSync(stop, "");
      await until(
        "its end",
        () => containers.podman("inspect", "--format={{.State.Status}}", id) === "exited",
      );
      // Asked once a second.
      await supervisor.ticks(4);
      expect([supervisor.job("asr").state, supervisor.audit("job.failed")]).toEqual(["running", []]);
      rmSync(join(folder, "fate"));
      const failed = await supervisor.recorded("job.failed");
      expect(failed).toMatchObject({ outcome: { code: 41, final: true } });
      expect(failed.reason).not.toContain("somebody else");
      await until("no container to be left", () => containers.ids().length === 0);
    },
    LIMIT_MS,
  );
});
