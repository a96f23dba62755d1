/** Every recipe of docs/recipes.md, with a real process under a whole supervisor. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import { python, testWith } from "../needs.ts";
import { pythonPath } from "../python-path.ts";
import { alive, CHILDREN, RealSupervisor, until } from "../scenarios/real-supervisor.ts";

const child = (name: string): string => join(CHILDREN, name);
const recipe = testWith(python);

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

const one = (command: string[], more: object = {}): Record<string, unknown> => ({
  jobs: [{ name: "train", command, restart: { backoffSeconds: 0.1 }, ...more }],
});
const log = (): string => readFileSync(join(supervisor.directory, "state/logs/train.log"), "utf8");
const logged = (text: RegExp): Promise<RegExpExecArray> => until(`${text}`, () => text.exec(log()));

const ownCheckpoints = {
  checkpoint: { glob: "out/checkpoint-*.json" },
  resumeArgs: ["--resume", "{checkpoint}"],
};

/** Pauses, checks that nothing is lost, resumes and sees it go on where it stopped. */
async function pausesAndResumes(): Promise<void> {
  await logged(/begins at 0/);
  const { pid } = await supervisor.reaches("train", ["running"]);
  expect(supervisor.say("pause", "train")).toMatchObject({ code: 0 });
  expect(alive(pid as number)).toBe(false);
  const { step } = (await supervisor.recorded("pause.completed")).outcome as { step: number };
  expect(step).toBeGreaterThan(0);
  expect(supervisor.say("resume", "train").code).toBe(0);
  await logged(new RegExp(`begins at ${step}\n`));
}

recipe("a script that saves on SIGTERM by itself: its signal, its exit code, its files", async () => {
  const pause = { signal: "SIGTERM", exitCodes: [143] };
  const command = [pythonPath, child("python-saves-on-sigterm.py"), "1000000"];
  supervisor = await new RealSupervisor(one(command, { pause, ...ownCheckpoints })).start();
  await pausesAndResumes();
  const [paused] = supervisor.audit("pause.completed");
  expect(paused?.reason).toContain("size and age checked");
});

recipe("the same script behind bash: the script is signalled, not the shell", async () => {
  const pause = { signal: "SIGTERM", exitCodes: [143], target: "child:python-saves-on-sigterm.py" };
  supervisor = new RealSupervisor({});
  const script = join(supervisor.directory, "train.sh");
  writeFileSync(script, `${pythonPath} ${child("python-saves-on-sigterm.py")} "$@"\ncode=$?\nexit $code\n`);
  supervisor.configure(one(["bash", "train.sh", "1000000"], { pause, ...ownCheckpoints }));
  await supervisor.start();
  await pausesAndResumes();
});

const savesEvery = [pythonPath, child("python-saves-every.py"), "1000000"];

recipe("a script that only saves every 40 steps: it is ended after its next save", async () => {
  const pause = { graceSeconds: 120, onTimeout: "terminate" };
  supervisor = await new RealSupervisor(one(savesEvery, { pause, ...ownCheckpoints })).start();
  await logged(/begins at 0/);
  const { why } = await supervisor.reaches("train", ["running"]);
  expect(why.room).toBe("itself");
  const said = supervisor.say("pause", "train");
  expect(said).toMatchObject({
    code: 0,
    err: expect.stringContaining("train  saved a checkpoint by itself, so it is ended\n"),
  });
  expect(said.err).toContain("train  can't be asked to save: it is ended after the next checkpoint");
  expect(said.err).not.toMatch(/grace|finishing its step/);
  const [forced] = supervisor.audit("pause.forced");
  expect(forced?.reason).toMatch(/It can't be asked to save; it saved step \d+ by itself .* so it is ended/);
  const { step, stepsLost } = (await supervisor.recorded("pause.completed")).outcome as Record<
    string,
    number
  >;
  expect([Number(step) % 40, stepsLost]).toEqual([0, null]);
  const resumed = supervisor.say("resume", "train");
  const from = `started again from checkpoint-${step}.json`;
  expect(resumed).toMatchObject({ code: 0, out: `train  running (run 2), ${from}\n` });
  expect(resumed.err).not.toContain("running (run 2)");
  expect(supervisor.say("why", "train").out).toContain(`started from checkpoint-${step}.json`);
  const plain = supervisor.say("audit").out.replaceAll(/\s+/g, " ");
  expect(plain).toContain(`It is started from checkpoint-${step}.json.`);
  expect(plain).toContain(`resumed: It was ${from}; it reports no steps.`);
  await logged(new RegExp(`begins at ${step}\n`));
  expect(log()).not.toContain("a signal");
});

recipe(
  "a script that doesn't save within its grace: what that costs is said, and it is a failure",
  async () => {
    const pause = { graceSeconds: 0.5, onTimeout: "terminate" };
    const command = [...savesEvery, "--every", "100000"];
    supervisor = await new RealSupervisor(one(command, { pause, ...ownCheckpoints })).start();
    await logged(/begins at 0/);
    const said = supervisor.say("pause", "train");
    const lost = /left no valid checkpoint .* from the beginning; how many steps are lost isn't known/;
    expect(said).toMatchObject({ code: 1, out: expect.stringMatching(lost) });
    const { reason, outcome } = await supervisor.recorded("pause.failed");
    expect([reason, outcome]).toEqual([
      expect.stringMatching(lost),
      expect.objectContaining({ stepsLost: null }),
    ]);
  },
);

recipe("bash train.sh in front of a job with the library: the program itself is rung", async () => {
  supervisor = new RealSupervisor({});
  const script = join(supervisor.directory, "train.sh");
  writeFileSync(
    script,
    `echo before\n${pythonPath} ${child("python-loop.py")} 0\ncode=$?\necho after\nexit $code\n`,
  );
  supervisor.configure(one(["bash", "train.sh"]));
  await supervisor.start();
  await logged(/supervised true, from 0/);
  await supervisor.steps("train", 0);
  expect(supervisor.say("pause", "train").code).toBe(0);
  const { step } = (await supervisor.recorded("pause.completed")).outcome as { step: number };
  expect(log()).toContain("after");
  expect(supervisor.say("resume", "train").code).toBe(0);
  await logged(new RegExp(`supervised true, from ${step}\n`));
});

recipe("a virtual environment's python is found in the job's folder", async () => {
  supervisor = new RealSupervisor({});
  execFileSync(pythonPath, ["-m", "venv", "--without-pip", join(supervisor.directory, ".venv")]);
  writeFileSync(
    join(supervisor.directory, "where.py"),
    "import runpy, sys\nprint('prefix', sys.prefix, flush=True)\nsys.argv = sys.argv[1:]\n" +
      "sys.path.insert(0, sys.argv[0].rpartition('/')[0])\nrunpy.run_path(sys.argv[0], run_name='__main__')\n",
  );
  supervisor.configure(one(["python", "where.py", child("python-loop.py"), "0"]));
  await supervisor.start();
  expect((await logged(/prefix (.*)/))[1]).toBe(join(supervisor.directory, ".venv"));
  await supervisor.steps("train", 0);
  expect(supervisor.say("pause", "train").code).toBe(0);
  expect(supervisor.job("train").state).toBe("paused");
});

recipe("a plain script under 'auto' is frozen, and said to hold its memory", async () => {
  supervisor = new RealSupervisor({});
  const script = join(supervisor.directory, "plain.py");
  writeFileSync(
    script,
    // It catches SIGUSR2, as a JVM does, which dies of it.
    "import signal, time\nsignal.signal(signal.SIGUSR2, lambda *_: open('heard', 'w').close())\nfor n in range(10**9):\n    print(n, flush=True)\n    time.sleep(0.02)\n",
  );
  supervisor.configure(one([pythonPath, script]));
  await supervisor.start();
  await logged(/5\n/);
  await supervisor.reaches("train", ["running"]);
  const before = supervisor.say("why", "train").out.replaceAll(/\s+/g, " ");
  expect(before).toContain("under pressure it is frozen: its CPU and GPU time is freed, its memory isn't");
  expect(supervisor.say("pause", "train").code).toBe(0);
  expect(supervisor.job("train").state).toBe("frozen");
  const paused = await supervisor.recorded("pause.completed");
  expect(paused.reason).toMatch(/Frozen after .*its memory stays held/);
  expect(supervisor.say("status").out).toMatch(/frozen/i);
  expect(existsSync(join(supervisor.directory, "heard"))).toBe(false);
  const lines = log().length;
  expect(supervisor.say("resume", "train").code).toBe(0);
  await until("more lines", () => log().length > lines);
});
