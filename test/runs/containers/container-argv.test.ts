/** What is added to the words of an engine's client: the contract, the GPUs, nothing secret and nothing twice. */
import { afterEach, expect, test, vi } from "vitest";
import { containerCommandOf } from "../../../src/files/container-command.ts";
import type { Job } from "../../../src/model/job.ts";
import { containerArgv } from "../../../src/runs/containers/container-argv.ts";
import { environmentOf } from "../../../src/runs/launch/job-environment.ts";
import { keepEnvironment } from "../../../src/runs/launch/shell-environment.ts";
import { givenJob, givenRun, givenState } from "../given.ts";

const GPUS = ["GPU-11111111-2222", "GPU-33333333-4444"];
afterEach(() => vi.unstubAllEnvs());

function argvOf(
  line: string,
  more: Parameters<typeof givenJob>[1] = {},
  run = givenRun(),
  state = "/s",
): string[] {
  // With an environment of its own it was submitted by `run`.
  const job: Job = { ...givenJob(line.split(" "), more), origin: state === "/s" ? "config" : "run" };
  const asked = containerCommandOf(job.spec);
  if (asked === null) throw new Error(`no container in ${line}`);
  return containerArgv(asked, job.spec, run, environmentOf(job, run, null, state), state);
}

test("the directories of the contract are there inside, by the same paths", () => {
  const run = givenRun();
  expect(argvOf("podman run box", {}, run)).toEqual(
    expect.arrayContaining([
      `--volume=/s/runs/${run.id}/status:/s/runs/${run.id}/status`,
      "--volume=/s/jobs/job/checkpoints:/s/jobs/job/checkpoints",
      `--label=gpu-job-supervisor.run=${run.id}`,
      "--env=SUPERVISOR_STATUS_DIR",
    ]),
  );
});

test("variables are passed by name: the job's own, and none of the supervisor's", () => {
  vi.stubEnv("OURS", "o");
  vi.stubEnv("SHARED", "before");
  const argv = argvOf("docker run box", { env: { TOKEN: "s3cret", SHARED: "after" } });
  expect(argv).toContain("--env=TOKEN");
  expect(argv).toContain("--env=SHARED");
  expect(argv.join(" ")).not.toMatch(/s3cret|OURS/);
});

test("none of the shell's is passed, nor where it has its programs, unless the job asks for it", () => {
  const state = givenState();
  keepEnvironment(
    state,
    "job",
    Buffer.from("PATH=/venv/bin:/bin\0SECRET=of-the-shell\0WANTED=w\0SUPERVISOR_JOB=job\0"),
  );
  const env = { PATH: "/venv/bin:/bin", WANTED: "w" };
  const argv = argvOf("docker run box", { env }, givenRun(), state);
  expect(argv).toContain("--env=WANTED");
  expect(argv).not.toContain("--env=SECRET");
  // Though that shell, in a job of the same name, has it as well.
  expect(argv).toContain("--env=SUPERVISOR_JOB");
  expect(argv).not.toContain("--env=PATH");
  expect(argvOf("docker run box", { env: { PATH: "/opt/bin" } }, givenRun(), state)).toContain("--env=PATH");
});

test("a name of the job's own stays, and its --rm is left to the supervisor", () => {
  const argv = argvOf("podman run --rm --name mine box train --rm");
  expect(argv.filter((word) => word.startsWith("--name"))).toEqual(["--name"]);
  expect(argv.slice(-2)).toEqual(["train", "--rm"]);
  expect(argv.indexOf("--rm")).toBe(argv.length - 1);
});

test.each([
  ["podman", GPUS.map((uuid) => `--device=nvidia.com/gpu=${uuid}`)],
  ["docker", [`--gpus="device=${GPUS.join(",")}"`]],
])("%s is told its GPUs by UUID", (engine, options) => {
  expect(argvOf(`${engine} run box`, {}, givenRun({ gpus: GPUS }))).toEqual(expect.arrayContaining(options));
});

test("GPUs that the job's options name aren't named again", () => {
  const run = givenRun({ gpus: GPUS });
  for (const line of ["docker run --gpus all box", "podman run --device nvidia.com/gpu=all box"])
    expect(argvOf(line, {}, run).join(" ")).not.toContain(GPUS[0]);
});

test("numbers of GPUs stay outside, where a container counts its own from 0", () => {
  const devices = { CUDA_VISIBLE_DEVICES: "3" };
  expect(argvOf("podman run box", {}, givenRun({ gpus: GPUS, devices }))).not.toContain(
    "--env=CUDA_VISIBLE_DEVICES",
  );
  expect(argvOf("podman run box", {}, givenRun({ devices }))).toContain("--env=CUDA_VISIBLE_DEVICES");
});
