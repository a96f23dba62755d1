/**
 * Covers: src/cli/logs/read-log-tail.ts, src/cli/logs/follow-log.ts, src/cli/logs/job-end.ts, src/cli/logs/lines-of-run.ts,
 * src/cli/logs/log-lines.ts, src/cli/logs/log-parts.ts, src/cli/logs/show-log.ts, src/cli/print.ts
 */
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createJournal } from "../../../../src/record/journal.ts";
import { at, RETENTION, run as recordedRun } from "../../../record/material.ts";
import { until, untilHolds } from "../../../until.ts";
import { CommandLine } from "../../command-line.ts";

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

describe("logs", () => {
  it("gives the last lines, as text and as JSON, and knows who has a log", async () => {
    mkdirSync(join(cli.stateDirectory, "logs"), { recursive: true });
    cli.write("state/gpu-job-supervisor/logs/train.log", "one\ntwo\nthree\nfou");
    expect(await cli.say("logs", "train", "-n", "2")).toEqual({ code: 0, out: "three\nfou\n", err: "" });
    expect((await cli.say("logs", "train", "-n", "1", "--json")).out).toBe(
      '{"schemaVersion":1,"job":"train","line":"fou"}\n',
    );
    expect(await cli.say("logs", "trian")).toEqual({
      code: 2,
      out: "",
      err: "There is no job 'trian'. Did you mean 'train'?\n",
    });
    expect(await cli.say("logs", "../train")).toMatchObject({ code: 2 });
  });

  it("of a job that no supervisor has run yet says so; of an unknown one, too, where a supervisor runs", async () => {
    const jobs = [{ name: "train", command: ["sleep", "1000"] }];
    cli.write("supervisor.config.json", JSON.stringify({ pollSeconds: 0.2, rules: [], jobs }));
    const nothing = { code: 0, out: "", err: "'train' has written nothing yet.\n" };
    expect(await cli.say("logs", "train")).toEqual(nothing);
    expect(await cli.say("logs", "trian")).toMatchObject({
      code: 2,
      err: expect.stringContaining("'train'?"),
    });
    await cli.say("start", "--detach");
    mkdirSync(cli.file("sub"));
    cli.cwd = cli.file("sub");
    expect(await cli.say("logs", "train")).toEqual({
      code: 2,
      out: "",
      err: "There is no job 'train'. There are none.\nRunning: ~. See: supervisor status --all\n",
    });
  });

  it("says what keeps a log from being looked at", async () => {
    mkdirSync(cli.stateDirectory, { recursive: true });
    symlinkSync("logs", join(cli.stateDirectory, "logs"));
    expect(await cli.say("logs", "train")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^\S+train\.log\S* can't be read: ELOOP/),
    });
  });

  it("-f goes on with what is written, also into a new file", async () => {
    mkdirSync(join(cli.stateDirectory, "logs"), { recursive: true });
    const path = join(cli.stateDirectory, "logs", "train.log");
    writeFileSync(path, "one\ntw");
    const child = cli.start("logs", "-f", "train");
    let out = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk) => {
      out += chunk;
    });
    const shows = (text: string) => untilHolds(() => expect(out).toBe(text));
    await shows("one\n");
    appendFileSync(path, "o\nthree\n");
    await shows("one\ntwo\nthree\n");
    writeFileSync(`${path}.new`, "new\n");
    renameSync(`${path}.new`, path);
    await shows("one\ntwo\nthree\nnew\n");
    child.kill();
  });

  it("counts lines, however long, through the parts that were rotated", async () => {
    mkdirSync(join(cli.stateDirectory, "logs"), { recursive: true });
    const log = "state/gpu-job-supervisor/logs/train.log";
    const long = "x".repeat(200_000);
    cli.write(`${log}.2`, "a\nb\n\nc");
    cli.write(`${log}.1`, `ut here\n${long}\n`);
    cli.write(log, "d\ne\n");
    const last = async (n: number) => (await cli.say("logs", "train", "-n", `${n}`)).out;
    expect(await last(0)).toBe("");
    expect(await last(1)).toBe("e\n");
    expect(await last(3)).toBe(`${long}\nd\ne\n`);
    expect(await last(5)).toBe(`\ncut here\n${long}\nd\ne\n`);
    expect(await last(99)).toBe(`a\nb\n\ncut here\n${long}\nd\ne\n`);
  });

  it("nothing in a log, a name or JSON acts on the terminal", async () => {
    mkdirSync(join(cli.stateDirectory, "logs"), { recursive: true });
    const log = "state/gpu-job-supervisor/logs/train.log";
    cli.write(log, "\x1b]0;mine\x07\x1b[2J\x1b[31mred\x1b[0m\tand\x08 \u009bcsi\n10 %\r55 %\r99 %\n");
    expect((await cli.say("logs", "train")).out).toBe("red\tand␈ si\n99 %\n");
    for (const args of [
      ["why", "\x1b[2J"],
      ["logs", "x\x1b]0;t\x07"],
      ["pause\x1b[8m"],
      ["status", "--\x1b[8m"],
    ]) {
      const { out, err } = await cli.say(...args);
      expect(err).not.toBe("");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
      expect(out + err).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
    }
  });

  it("--run gives one run's lines, and says which there are", async () => {
    mkdirSync(join(cli.stateDirectory, "logs"), { recursive: true });
    const log = "state/gpu-job-supervisor/logs/train.log";
    const run = (n: number, text: string) =>
      `── run ${n} begins ──\n${text}\n── run ${n} ended: exit code 1 ──\n`;
    cli.write(`${log}.1`, `${run(3, "three")}── run 4 begins at step 7 ──\nfo`);
    cli.write(log, `ur\n── run 4 ended: paused ──\n${run(5, "five")}`);
    expect((await cli.say("logs", "train", "--run", "4")).out).toBe(
      "── run 4 begins at step 7 ──\nfour\n── run 4 ended: paused ──\n",
    );
    expect((await cli.say("logs", "train", "--run", "3", "-n", "2")).out).toBe(
      "three\n── run 3 ended: exit code 1 ──\n",
    );
    expect(await cli.say("logs", "train", "--run", "6")).toMatchObject({
      code: 2,
      err: "The log of 'train' holds nothing of run 6. It holds run 3, 4 and 5.\n",
    });
    expect(await cli.say("logs", "train", "--run", "4", "-f")).toMatchObject({ code: 2 });
  });

  it("--run tells the runs of a job that was added again from those of before", async () => {
    const at = (number: number) => `── run ${number} begins ──\nlife ${number}\n`;
    mkdirSync(join(cli.stateDirectory, "logs"), { recursive: true });
    const log = [1, 2, 3, 4, 5, 6].map(at).join("") + at(1).replace("life", "again");
    cli.write("state/gpu-job-supervisor/logs/train.log", log);
    const run = (number: number) => cli.say("logs", "train", "--run", `${number}`);
    expect((await run(99)).err).toBe(
      "The log of 'train' holds nothing of run 99. It holds run 1, and run 1 to 6 from before its runs were counted anew.\n",
    );
    expect(await run(1)).toMatchObject({
      out: "── run 1 begins ──\nagain 1\n",
      err: "The log holds another run 1, too, from before its runs were counted anew: supervisor logs train -n LINES\n",
    });
    expect(await run(4)).toMatchObject({
      out: "── run 4 begins ──\nlife 4\n",
      err: "This is run 4 from before its runs were counted anew.\n",
    });
  });

  it("--run gives what is left of a run whose beginning was rotated away, and says so", async () => {
    mkdirSync(join(cli.stateDirectory, "logs"), { recursive: true });
    const log = "state/gpu-job-supervisor/logs/train.log";
    const run = (number: number) => cli.say("logs", "train", "--run", `${number}`);
    const cut = (number: number) => `The beginning of run ${number} was rotated away.\n`;
    const next = "── run 4 begins ──\nfour\n";
    // It says itself which it was.
    cli.write(log, `three\n── run 3 ended: exit code 1 ──\nand the last of it\n${next}`);
    expect(await run(3)).toEqual({
      code: 0,
      out: "three\n── run 3 ended: exit code 1 ──\nand the last of it\n",
      err: cut(3),
    });
    expect(await run(4)).toEqual({ code: 0, out: next, err: "" });
    expect((await run(5)).err).toBe("The log of 'train' holds nothing of run 5. It holds run 3 and 4.\n");
    // Its end wasn't seen: the one before the next.
    cli.write(log, `three\n${next}`);
    expect(await run(3)).toEqual({ code: 0, out: "three\n", err: cut(3) });
    // Of an earlier job of that name.
    cli.write(log, "old\n── run 1 begins ──\nnew\n");
    expect(await run(0)).toMatchObject({ code: 2, err: expect.stringContaining("It holds run 1.") });
    expect(await run(1)).toEqual({ code: 0, out: "── run 1 begins ──\nnew\n", err: "" });
    // It is at work still, and nothing in the log names it: the newest of which there is a record.
    cli.write(log, "step 7\nstep 8\n");
    expect(await run(3)).toMatchObject({ code: 2, out: "" });
    const journal = createJournal(join(cli.stateDirectory, "supervisor.sqlite"), { retention: RETENTION });
    for (const one of [recordedRun("r2", 2), recordedRun("r3", 3)])
      journal.append([], at(one.number), { jobs: [], started: { job: "train", run: one } });
    journal.close();
    expect(await run(3)).toEqual({ code: 0, out: "step 7\nstep 8\n", err: cut(3) });
    expect((await run(2)).err).toBe("The log of 'train' holds nothing of run 2. It holds run 3.\n");
  });

  it("-f loses nothing to a rotation, and shows a bar that never ends its line now and then", async () => {
    mkdirSync(join(cli.stateDirectory, "logs"), { recursive: true });
    const path = join(cli.stateDirectory, "logs", "train.log");
    writeFileSync(path, "one\ntwo\n");
    const child = cli.start("logs", "-f", "train");
    let out = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk) => {
      out += chunk;
    });
    await untilHolds(() => expect(out).toBe("one\ntwo\n"));
    // What the supervisor does to the log of a running job.
    appendFileSync(path, "three\n");
    copyFileSync(path, `${path}.1`);
    truncateSync(path, 0);
    await untilHolds(() => expect(out).toBe("one\ntwo\nthree\n"));
    appendFileSync(path, "\r 1 %\r 2 %");
    await untilHolds(() => expect(out).toBe("one\ntwo\nthree\n 2 %\n"));
    for (let percent = 3; percent < 60; percent++) appendFileSync(path, `\r ${percent} %`);
    await untilHolds(() => expect(out).toMatch(/three\n 2 %\n 59 %\n$/));
    appendFileSync(path, "\r 100 %\n");
    await untilHolds(() => expect(out).toMatch(/ 59 %\n 100 %\n$/));
    child.kill();
  });

  it("-f ends with the job and its outcome; --keep goes on", async () => {
    const jobs = [
      { name: "good", command: ["sh", "-c", "echo begun; until [ -e go ]; do sleep 0.1; done; printf last"] },
      {
        name: "bad",
        command: ["sh", "-c", "until [ -e go ]; do sleep 0.1; done; exit 3"],
        restart: { maxRetries: 0 },
      },
    ];
    cli.write(
      "supervisor.config.json",
      JSON.stringify({ pollSeconds: 0.2, stateDirectory: "s", rules: [], jobs }),
    );
    expect(await cli.say("start", "--detach")).toMatchObject({ code: 0 });
    await until("it runs", async () => (await cli.say("logs", "good")).out.includes("begun"));
    const kept = cli.start("logs", "-f", "--keep", "good");
    const good = cli.say("logs", "-f", "good");
    const bad = cli.say("logs", "-f", "bad");
    cli.write("go", "");
    const done = await good;
    expect(done).toMatchObject({ code: 0, err: expect.stringContaining("good  finished") });
    expect(done.out).toMatch(/begun\nlast\n── run 1 ended: .* ──\n$/);
    expect(await bad).toMatchObject({ code: 1, err: expect.stringContaining("exit code 3") });
    expect(kept.exitCode).toBeNull();
    kept.kill();
    // Of one that has ended already, what it wrote and how it ended.
    expect(await cli.say("logs", "-f", "bad")).toMatchObject({ code: 1 });
  });
});
