import { readFileSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BIN, CommandLine } from "../../command-line.ts";

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

describe("init", () => {
  it("writes a config that is right, once", async () => {
    expect(await cli.say("init")).toMatchObject({
      code: 0,
      out: expect.stringContaining("Wrote supervisor.config.json."),
    });
    expect(await cli.say("check")).toMatchObject({ code: 0, err: "" });
    const text = readFileSync(cli.file("supervisor.config.json"), "utf8");
    const schema = /"\$schema": "(.+)"/.exec(text)?.[1] as string;
    expect(JSON.parse(readFileSync(schema, "utf8")).title).toContain("supervisor.config.json");
    expect(await cli.say("init")).toMatchObject({
      code: 1,
      err: expect.stringContaining("already exists and was left unchanged"),
    });
    expect(readFileSync(cli.file("supervisor.config.json"), "utf8")).toBe(text);
  });

  it("puts training scripts that lie there into it", async () => {
    cli.write("train.py", "");
    cli.write("train_vocoder.ts", "");
    cli.write("trainer.txt", "");
    await cli.say("init");
    const { config } = JSON.parse((await cli.say("check", "--json")).out);
    expect(
      config.jobs.map(({ name, command }: { name: string; command: string[] }) => [name, command]),
    ).toEqual([
      ["train", ["python", "train.py"]],
      ["train_vocoder", ["node", "train_vocoder.ts"]],
    ]);
  });

  it("names the schema by a relative path where the package lies beside the config or below it", async () => {
    const path = resolve(dirname(BIN), `../init-${process.pid}.config.json`);
    try {
      expect(await cli.say("init", "--config", path)).toMatchObject({ code: 0, err: "" });
      expect(readFileSync(path, "utf8")).toContain('"$schema": "./supervisor.schema.json"');
    } finally {
      rmSync(path, { force: true });
    }
  });
});
