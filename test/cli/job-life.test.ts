/**
 * What becomes of jobs after their end: taken off the list, by hand or by the config.
 * Covers: src/cli/commands/jobs/remove.ts, src/cli/commands/jobs/add.ts, src/config/edit/edit-config.ts,
 * src/runs/clean-up/remove-job-files.ts, src/decide/roster.ts
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connectControl } from "../../src/control/client.ts";
import { smallDisk, testWith } from "../needs.ts";
import { until } from "../until.ts";
import { CommandLine } from "./command-line.ts";

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

const configured = (...jobs: object[]) =>
  cli.write(
    "supervisor.config.json",
    JSON.stringify({ pollSeconds: 0.2, stateDirectory: "s", rules: [], jobs }),
  );
const sleeping = (name: string) => ({ name, command: ["sleep", "1000"] });

testWith(smallDisk)(
  "files that the disk doesn't let go are told of, and keep no job on the list",
  async () => {
    configured();
    await cli.say("start", "--detach");
    for (const name of ["one", "two"]) await cli.say("run", "--name", name, "--", "true");
    await cli.say("wait", "one", "two");
    for (const name of ["one", "two"])
      mkdirSync(join(cli.file("s/jobs"), name, "checkpoints", "step-00000007"), { recursive: true });
    // Nobody can remove where something is mounted.
    const busy = join(cli.file("s/jobs"), "one", "checkpoints");
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", busy]);
    try {
      const said = await cli.say("remove", "one", "two", "--checkpoints");
      expect(said).toMatchObject({ code: 1, out: "two  removed, and its checkpoints with it\n" });
      expect(said.err).toMatch(
        /^one {2}removed, but some of its saved files couldn't be deleted: EBUSY: .*checkpoints/m,
      );
      expect(await cli.states()).toEqual({});
    } finally {
      const mounts = readFileSync("/proc/mounts", "utf8").split("\n");
      for (const line of mounts.filter((one) => one.includes(cli.directory)))
        execFileSync("umount", [line.split(" ")[1] ?? ""]);
    }
  },
);

test("remove and clean take ended jobs off for good; checkpoints go only when that is asked for", async () => {
  configured(sleeping("fixed"));
  await cli.say("start", "--detach");
  await cli.say("run", "--name", "long", "--", "sleep", "1000");
  for (const name of ["one", "two", "three"]) await cli.say("run", "--name", name, "--", "true");
  await cli.say("wait", "one", "two", "three");
  const saved = (name: string) => join(cli.file("s"), "jobs", name);
  for (const name of ["one", "two", "three"]) {
    mkdirSync(join(saved(name), "checkpoints", "step-00000007"), { recursive: true });
    writeFileSync(join(saved(name), "checkpoints", "step-00000007", "model"), "weights");
  }

  expect(await cli.say("remove", "long")).toMatchObject({
    code: 1,
    err: expect.stringMatching(/'long' is (starting|running); end it first: supervisor cancel long/),
  });
  expect(await cli.say("remove", "tow")).toMatchObject({ code: 2, err: expect.stringContaining("'two'") });
  const one = await cli.say("remove", "one");
  expect(one).toMatchObject({ code: 0, out: expect.stringContaining("its checkpoints stay in") });
  expect(existsSync(join(saved("one"), "checkpoints", "step-00000007", "model"))).toBe(true);
  expect((await cli.say("remove", "two", "--checkpoints")).out).toBe(
    "two  removed, and its checkpoints with it\n",
  );
  expect(readdirSync(join(cli.file("s"), "jobs")).filter((name) => name.startsWith("two"))).toEqual([]);
  expect((await cli.say("clean")).out).toContain("three  removed");
  expect((await cli.say("clean")).out).toBe("No job that was added by 'run' has ended.\n");
  expect(Object.keys(await cli.states()).sort()).toEqual(["fixed", "long"]);
  expect((await cli.say("audit", "--kind", "job.removed")).out).toContain("removed it from the list");
  // Nor does the next supervisor know them.
  await cli.say("stop");
  await cli.say("start", "--detach");
  expect(Object.keys(await cli.states()).sort()).toEqual(["fixed", "long"]);
});

test("what a job's own program has written is said to stay, and of no job that it has checkpoints where it has none", async () => {
  const saves = "mkdir -p $0; echo weights > $0/checkpoint-720.txt; exec sleep 1000";
  const saving = (name: string) => ({
    ...sleeping(name),
    command: ["sh", "-c", saves, name],
    checkpoint: { glob: `${name}/checkpoint-*.txt` },
  });
  const [glob, more] = [saving("glob"), saving("more")];
  configured(glob, more, sleeping("bare"));
  await cli.say("start", "--detach");
  const jobs = async (): Promise<{ name: string; state: string; checkpoint: object | null }[]> =>
    JSON.parse((await cli.say("status", "--json")).out).jobs;
  await until("all run", async () => (await jobs()).every(({ state }) => state === "running"));
  await until("both are seen", async () => (await jobs()).filter((one) => one.checkpoint).length === 2);
  await cli.say("run", "--name", "done", "--", "true");
  await cli.say("wait", "done");
  await cli.say("cancel", "glob", "more", "bare");

  expect((await cli.say("clean")).out).toBe("done  removed\n");
  expect((await cli.say("remove", "bare", "--checkpoints")).out).toMatch(/\nbare {2}removed\n$/);
  const stay = (folder: string) =>
    `the checkpoints that its program wrote stay where they are, the newest is ~/${folder}/checkpoint-720.txt. ` +
    'If it is added again, it goes on from them only with "checkpoint": { "adoptExisting": true }\n';
  expect((await cli.say("remove", "glob")).out).toContain(`glob  removed; ${stay("glob")}`);
  expect((await cli.say("remove", "more", "--checkpoints")).out).toContain(`more  removed; ${stay("more")}`);
  expect(existsSync(cli.file("more/checkpoint-720.txt"))).toBe(true);
  // So it is: not without that setting, and with it.
  configured(
    { ...glob, command: ["sleep", "1000"] },
    { ...more, checkpoint: { ...more.checkpoint, adoptExisting: true } },
  );
  const checkpoints = async () => Object.fromEntries((await jobs()).map((one) => [one.name, one.checkpoint]));
  await until("it is adopted", async () => (await checkpoints()).more);
  await until("the other is told", async () =>
    (await cli.say("audit", "--kind", "checkpoint.rejected")).out.includes(
      "glob/checkpoint-720.txt isn't used",
    ),
  );
  expect((await checkpoints()).glob).toBeNull();
  expect((await cli.say("why", "glob")).out).toContain(
    "started without a checkpoint: checkpoint-720.txt isn't used (why: supervisor audit --kind checkpoint.rejected)",
  );
});

test("a job that the config no longer names is told, with what becomes of it", async () => {
  configured(sleeping("stays"), sleeping("goes"), sleeping("held"));
  await cli.say("start", "--detach");
  await until("all run", async () => Object.values(await cli.states()).every((state) => state === "running"));
  await cli.say("pause", "held", "--terminate");
  configured(sleeping("stays"));
  const told = async () => (await cli.say("audit", "--kind", "job.removed")).out;
  await until("both are told", async () => /goes/.test(await told()) && /held/.test(await told()));
  expect(await told()).toContain("It is running, and its run goes on until it ends");
  expect(await told()).toContain("It was paused, and isn't run again");
  expect(await told()).not.toContain("stays  ");
  expect(await cli.states()).toEqual({ stays: "running", goes: "running" });

  // Nobody watches: told at the next start, once, as is a job that is still live.
  await cli.say("cancel", "goes");
  await cli.say("pause", "stays", "--terminate");
  await cli.say("stop");
  configured(sleeping("other"));
  await cli.say("start", "--detach");
  expect(await told()).toMatch(/stays .*It was paused, and isn't run again/);
  expect(Object.keys(await cli.states())).toEqual(["other"]);
  await cli.say("stop");
  await cli.say("start", "--detach");
  const events = (await cli.say("audit", "--json", "--kind", "job.removed")).out.trim().split("\n");
  expect(events.map((line) => JSON.parse(line).job).sort()).toEqual(["goes", "held", "stays"]);
});

test("add and edit tell what check doubts about that job, and still do it", async () => {
  const file = configured({ ...sleeping("other"), cwd: "/gone" });
  const warns = (text: string) => `supervisor.config.json:1:${place(text)}: warning: jobs[1]`;
  const place = (text: string) => readFileSync(file, "utf8").indexOf(text) + 1;
  const added = await cli.say("add", "--name", "new", "--", "pyhton", "nothere.py");
  expect(added).toEqual({
    code: 0,
    out: "Added 'new' to ~/supervisor.config.json.\nStart it: supervisor start\n",
    err: `${warns('"pyhton"')}.command[0] can't be run here: 'pyhton' was not found in PATH.\n`,
  });
  expect((await cli.say("edit", "new", 'command=["node","nothere.js"]')).err).toBe(
    `${warns('"nothere.js"')}.command[1] is missing: ${cli.file("nothere.js")}.\n`,
  );
  const edited = await cli.say("edit", "new", "cwd=/nope");
  expect(edited).toMatchObject({
    code: 0,
    err: `${warns('"/nope"')}.cwd is not a folder on this machine: /nope.\n`,
  });
  expect(await cli.say("edit", "new", "cwd=", 'command=["sleep","9"]')).toMatchObject({ code: 0, err: "" });
  expect((await cli.say("check")).err).toContain("jobs[0].cwd");
});

test("a job that is renamed in the file is told to be another one, with the way back", async () => {
  configured(sleeping("train"), { name: "other", command: ["sleep", "999"] });
  await cli.say("start", "--detach");
  await until("both run", async () =>
    Object.values(await cli.states()).every((state) => state === "running"),
  );
  configured(sleeping("train-big"), { name: "different", command: ["sleep", "998"] });
  const told = async () => (await cli.say("audit", "--kind", "job.removed")).out;
  await until("both are told", async () => /train/.test(await told()) && /other/.test(await told()));
  expect(await told()).toMatch(
    /train .*The config no longer names it\. 'train-big', a new job, has its command and folder, but doesn't go on from its checkpoints: if that is the same job under another name, call it 'train' again\. It is running, .*supervisor cancel train$/m,
  );
  expect(await told()).toMatch(
    /other .*The config no longer names it\. It is running, .*supervisor cancel other$/m,
  );
});

test("add, edit and remove change the config, keep its comments, and the supervisor follows", async () => {
  const begun = `{ // ours alone
  "pollSeconds": 0.2, "stateDirectory": "s", "rules": [],
  "jobs": [
    // held for tests
    { "name": "first", "command": ["sleep", "1000"] }
  ]
}
`;
  const file = cli.write("supervisor.config.json", begun);
  const text = () => readFileSync(file, "utf8");
  await cli.say("start", "--detach");
  expect(
    await cli.say("add", "--name", "second", "--set", "priority=7", "--", "sleep", "999", "-n"),
  ).toMatchObject({
    code: 0,
    out: expect.stringContaining("The running supervisor has taken it over."),
  });
  expect(text()).toContain('{ "name": "second", "command": ["sleep", "999", "-n"], "priority": 7 }');
  expect(Object.keys(await cli.states())).toEqual(["first", "second"]);
  // What 'run' takes of the job, 'add' takes, too.
  const third = [
    "--cwd",
    cli.directory,
    "--priority",
    "3",
    "--env",
    "A=b",
    "--grace",
    "10m",
    "--after",
    "second",
  ];
  const saves = [
    "--checkpoint-glob",
    "out/*.pt",
    "--resume-args",
    "--from '{checkpoint}'",
    "--set",
    "gpus=0",
  ];
  expect(await cli.say("add", "--name", "third", ...third, ...saves, "--", "true")).toMatchObject({
    code: 0,
  });
  expect(JSON.parse(text().replace(/\/\/.*/g, "")).jobs[2]).toEqual({
    name: "third",
    command: ["true"],
    env: { A: "b" },
    priority: 3,
    resumeArgs: ["--from", "{checkpoint}"],
    checkpoint: { glob: "out/*.pt" },
    pause: { graceSeconds: 600 },
    after: ["second"],
    gpus: 0,
  });
  expect(await cli.say("add", "--priority", "high", "--", "true")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/jobs\[3\]\.priority must be .*, got "high"\./),
  });
  await cli.say("cancel", "third");
  await cli.say("remove", "third");
  await cli.say("edit", "second", 'command=["sleep","998"]', "priority=", "pause.method=freeze");
  expect(text()).toContain(
    '{ "name": "second", "command": ["sleep", "998"], "pause": { "method": "freeze" } }',
  );
  // What would not be valid is told with its place, and nothing is written.
  const before = text();
  expect(await cli.say("edit", "first", "priority=high")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/left as it is\.\n.*:5:\d+: jobs\[0\]\.priority must be/),
  });
  expect(await cli.say("edit", "frist", "priority=1")).toMatchObject({
    code: 2,
    err: expect.stringContaining("'first'"),
  });
  expect(await cli.say("add", "--name", "first", "--", "true")).toMatchObject({ code: 2 });
  expect(text()).toBe(before);

  await cli.say("cancel", "second");
  expect(await cli.say("remove", "second")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Took 'second' out of .*\nsecond {2}removed/),
  });
  expect(text()).toBe(begun);
  expect(Object.keys(await cli.states())).toEqual(["first"]);
});

test("a resume runs what the config says by then, whoever has written it", async () => {
  const says = (word: string) => ["bash", "-c", `echo ${word}; sleep 1000`];
  const held = (word: string) => configured({ name: "held", command: says(word) });
  held("first");
  await cli.say("start", "--detach");
  await until("it runs", async () => (await cli.states()).held === "running");
  const log = async () => (await cli.say("logs", "held")).out;
  await cli.say("pause", "held", "--terminate");
  await cli.say("edit", "held", `command=${JSON.stringify(says("second"))}`);
  await cli.say("resume", "held");
  expect(await log()).toContain("second");

  await cli.say("pause", "held", "--terminate");
  held("third");
  await cli.say("resume", "held");
  expect(await log()).toContain("third");
});

test("a resume says where the config as it is now isn't what runs, and gives way to a pause that comes after it", async () => {
  const says = (word: string) => ({ name: "held", command: ["bash", "-c", `echo ${word}; sleep 1000`] });
  configured(says("first"));
  await cli.say("start", "--detach");
  await until("it runs", async () => (await cli.states()).held === "running");
  await cli.say("pause", "held", "--terminate");
  configured({ ...says("second"), priority: "high" });
  const resumed = await cli.say("resume", "held");
  expect(resumed.err).toMatch(/keeps the config that it had:\n.*priority must be/);
  expect(resumed.code).toBe(0);
  expect((await cli.say("logs", "held")).out).not.toContain("second");

  await cli.say("pause", "held", "--terminate");
  configured(says("third"));
  const client = await connectControl(join(cli.file("s"), "supervisor.sock"));
  const by = "somebody";
  const [resume, pause] = await Promise.all([
    client.request({ verb: "resume", jobs: ["held"], by }),
    client.request({ verb: "pause", jobs: ["held"], untilMs: null, by }),
  ]);
  client.close();
  expect([resume?.ok, pause?.ok]).toEqual([false, true]);
  await until(
    "the config is in force",
    async () => (await cli.say("audit", "--kind", "config.changed")).out !== "",
  );
  expect(await cli.states()).toEqual({ held: "paused" });
  expect((await cli.say("logs", "held")).out).not.toContain("third");
});
