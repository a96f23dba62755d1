/** Covers: src/cli/read-log-tail.ts */
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { untilHolds } from "../../../until.ts";
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
});
