/**
 * Covers: src/cli/commands/jobs/submit/run.ts, src/cli/commands/jobs/submit/typed-command.ts,
 * src/cli/commands/jobs/submit/job-from-options.ts, src/words/shell.ts
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { environment, jobFrom } from "../../../../../src/cli/commands/jobs/submit/job-from-options.ts";
import { typedCommand } from "../../../../../src/cli/commands/jobs/submit/typed-command.ts";
import { root, testWith } from "../../../../needs.ts";
import { until } from "../../../../until.ts";
import { CommandLine } from "../../../command-line.ts";

describe("a command as it was typed", () => {
  const typed = (...words: string[]) => typedCommand(words, "/", { PATH: process.env.PATH ?? "" });

  it("has its variables in front, and every other word as it is", () => {
    const words = ["env", "A=1", "&&", "", "a b", "--gpus", "$(id)"];
    expect(typed("SIZE=3 4", "EMPTY=", "EQ=a=b", ...words)).toMatchObject({
      command: words,
      env: { SIZE: "3 4", EMPTY: "", EQ: "a=b" },
    });
  });

  it.each([
    [["SEED=7 sleep 5"], "Type it without the quotes: supervisor run -- SEED=7 sleep 5"],
    [["sleep 5"], "Type it without the quotes: supervisor run -- sleep 5"],
    [["N=2", "sort x | uniq"], "Type: supervisor run -- bash -c 'N=2 sort x | uniq'"],
    [["cat 'my file'"], `Type: supervisor run -- bash -c 'cat '\\''my file'\\'''`],
    [["make clean; make", "two words"], `bash -c 'make clean; make '\\''two words'\\'''`],
    [["A=1"], "Which command?"],
    [["node", "gone.mjs"], "It can't be run: /gone.mjs does not exist."],
    [["nowhere-to-be-found", "x"], "It can't be run: 'nowhere-to-be-found' was not found in PATH."],
  ])("%j is refused with the line to type", (words, message) => {
    expect(() => typed(...words)).toThrow(message);
  });
});

testWith(root)("a script that can't be looked at may be there", () => {
  const folder = mkdtempSync(join(tmpdir(), "run-shut-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  // Root may look everywhere, an ordinary user may not.
  process.seteuid?.(65_534);
  try {
    const script = join(folder, "train.mjs");
    expect(typedCommand(["node", script], "/", { PATH: process.env.PATH ?? "" }).command).toEqual([
      "node",
      script,
    ]);
  } finally {
    process.seteuid?.(0);
  }
});

describe("the job of its options", () => {
  const job = (options: object) => jobFrom("x", ["true"], environment([]), options);

  it("has all of them", () => {
    const resumeArgs = "--from {checkpoint} 'as is' --x=\"1 2\"";
    expect(
      job({
        cwd: "/usr",
        gpuMemory: "1.5GiB",
        pauseMethod: "freeze",
        resumeArgs,
        checkpointGlob: "out/*.pt",
        grace: "10m",
        onTimeout: "terminate",
      }),
    ).toMatchObject({
      cwd: "/usr",
      gpuMemoryMiB: 1536,
      resumeArgs: ["--from", "{checkpoint}", "as is", "--x=1 2"],
      pause: { method: "freeze", graceSeconds: 600, onTimeout: "terminate" },
      checkpoint: { glob: "out/*.pt" },
    });
  });

  it.each([
    [{ gpuMemory: "much" }, "--gpu-memory must be a size like 20GiB or 900MiB, got 'much'."],
    [{ pauseMethod: "frieze" }, "pause.method must be"],
    [{ resumeArgs: "'--from" }, "--resume-args has a quote without its other end"],
  ])("%j is refused", (options, message) => {
    expect(() => job(options)).toThrow(message);
  });
});

describe("run", () => {
  const cli = new CommandLine();
  afterAll(() => cli.close());

  it("--wait ends with the job's exit code, --json names its run", async () => {
    const said = await cli.say(
      "run",
      "--name",
      "odd",
      "--json",
      "--wait",
      "--cwd",
      "/",
      "SIZE=3 4",
      "bash",
      "-c",
      'echo "$SIZE $1"; pwd',
      "sh",
      "ü",
    );
    expect(said).toMatchObject({ code: 0 });
    expect(JSON.parse(said.out).job).toMatchObject({ name: "odd", run: 1, cwd: "/" });
    expect((await cli.say("logs", "odd")).out).toContain("\n3 4 ü\n/\n");
    const late = ["bash", "-c", "sleep 4; exec no-such-thing"];
    expect(await cli.say("run", "--name", "late", "--wait", ...late)).toMatchObject({ code: 127 });
  });

  /** While it is tried again, nothing is told of the run before. */
  const tells = (words: string[], text: string) =>
    until(`'${words.join(" ")}' to tell it`, async () =>
      (await cli.say(...words)).out.replace(/\s+/g, " ").includes(text),
    );

  it("names the interpreter that lacks the library, and what installs it there", async () => {
    // 'run' looks for three seconds: where the program takes longer to fail, another one may not.
    let tries = 0;
    const { name, failed } = await until("'run' to see it fail", async () => {
      const name = `bare-${++tries}`;
      const words = ["python3", "-I", "-c", "import supervisor_job"];
      const failed = await cli.say("run", "--name", name, "--", ...words);
      return failed.code === 1 && { name, failed };
    });
    const [, interpreter] = new RegExp(`^Job '${name}': python3 = (\\S+) in `, "m").exec(failed.out) ?? [];
    const told = `“ModuleNotFoundError: No module named 'supervisor_job'”. It was run by ${interpreter}, which lacks the library: supervisor python --python ${interpreter} prints`;
    expect(failed.out.replace(/\s+/g, " ")).toContain(told);
    for (const words of [["why", name], ["status"]]) await tells(words, told);
  });

  it("shows how a first run failed at once, and doesn't try an absent command again", async () => {
    const failing = ["bash", "-c", "echo one; echo 'no such layer: 12' >&2; exit 6"];
    let tries = 0;
    const { name, failed } = await until("'run' to see it fail", async () => {
      const name = `bad-${++tries}`;
      const failed = await cli.say("run", "--name", name, "--", ...failing);
      return failed.code === 1 && { name, failed };
    });
    expect(failed.out).toMatch(
      /Its first run failed: .*exit code 6[\s\S]*\n {2}one\n {2}no such layer: 12\n[\s\S]*Log: supervisor logs bad-\d+\n$/,
    );
    const said = "exit code 6. Its last output: “no such layer: 12”.";
    for (const words of [["why", name], ["status"], ["audit", "--json", "--kind", "job.failed"]])
      await tells(words, said);
    await tells(["why", name], `supervisor logs ${name}`);
    const { gone, absent } = await until("'run' to see that it is absent", async () => {
      const gone = `absent-${++tries}`;
      const absent = await cli.say("run", "--name", gone, "bash", "-c", "no-such-trainer", "--adopt");
      return absent.code === 2 && { gone, absent };
    });
    expect(absent.out).toContain("no-such-trainer: command not found");
    expect(absent.err).toContain("--adopt comes after the command, so the command gets it.");
    expect(JSON.parse((await cli.say("status", "--json")).out).jobs).toContainEqual(
      expect.objectContaining({ name: gone, state: "failed", exitCode: 127 }),
    );
  });
});
