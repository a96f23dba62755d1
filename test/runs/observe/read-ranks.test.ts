import { execFileSync } from "node:child_process";
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StatusFile } from "../../../src/contract/status.ts";
import { parseRank, type RankMemory, readRanks } from "../../../src/runs/observe/read-ranks.ts";

const status: StatusFile = {
  runId: "r1",
  pid: 4711,
  startTime: 8123456,
  rank: 0,
  worldSize: 2,
  host: "box",
  state: "running",
  sequence: 3,
  step: 1234,
  totalSteps: 60000,
  epoch: 2,
  metrics: { loss: 0.31 },
  checkpoint: "step-00001200",
  bytesSaved: 0,
  at: "2026-11-22T10:00:00.000Z",
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sense-ranks-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const parse = (text: string, runId?: string) => parseRank(Buffer.from(text), runId);

const put = (name: string, content: unknown): void => {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  writeFileSync(join(directory, `${name}.new`), text);
  renameSync(join(directory, `${name}.new`), join(directory, name));
};

describe("status files", () => {
  it("are read by rank", () => {
    put("rank-1.json", { ...status, rank: 1, step: 1233 });
    put("rank-0.json", status);
    expect(readRanks(directory)).toMatchObject([
      { rank: 0, step: 1234, atMs: Date.parse(status.at), metrics: { loss: 0.31 } },
      { rank: 1, step: 1233 },
    ]);
  });

  it("are ignored when they lie, are too large, or aren't plain files", () => {
    put("rank-0.json", { ...status, rank: 1 });
    put("rank-1.json", `${JSON.stringify({ ...status, rank: 1 })}${" ".repeat(70_000)}`);
    put("rank-x.json", status);
    put("elsewhere", { ...status, rank: 2, worldSize: 9 });
    symlinkSync(join(directory, "elsewhere"), join(directory, "rank-2.json"));
    execFileSync("mkfifo", [join(directory, "rank-3.json")]);
    expect(readRanks(directory)).toEqual([]);
  });

  it("of another run are ignored", () => {
    put("rank-0.json", status);
    expect(readRanks(directory, { runId: "r2" })).toEqual([]);
    expect(readRanks(directory, { runId: "r1" })).toHaveLength(1);
  });

  it("aren't read again until they change", () => {
    const memory: RankMemory = { files: new Map() };
    put("rank-0.json", status);
    const [first] = readRanks(directory, { memory });
    expect(readRanks(directory, { memory })[0]).toBe(first);
    put("rank-0.json", { ...status, step: 1235 });
    expect(readRanks(directory, { memory })).toMatchObject([{ step: 1235 }]);
  });

  it("of no directory are none", () => {
    expect(readRanks(join(directory, "none"))).toEqual([]);
  });

  it("keep a fraction of an epoch", () => {
    expect(parse(JSON.stringify({ ...status, epoch: 2.5 }))).toMatchObject({ epoch: 2.5 });
  });

  it("with a loss that has diverged still count", () => {
    const text = JSON.stringify(status).replace("0.31", "NaN");
    expect(parse(text)).toMatchObject({ step: 1234, metrics: {} });
    expect(parse(text.replace("NaN", "-Infinity"))).toMatchObject({ step: 1234 });
  });
});

describe("a field", () => {
  it.each([
    ["rank", -1],
    ["rank", 2],
    ["rank", "0"],
    ["worldSize", 0],
    ["pid", 0],
    ["pid", 1.5],
    ["sequence", -1],
    ["state", "sleeping"],
    ["at", "yesterday"],
    ["at", 5],
  ])("%s = %j makes the file worthless", (name, value) => {
    expect(parse(JSON.stringify({ ...status, [name]: value }))).toBeNull();
  });

  it.each([
    ["startTime", "x", null],
    ["step", -5, null],
    ["step", 1e300, null],
    ["epoch", "two", null],
    ["checkpoint", "../../etc", null],
    ["checkpoint", "..", null],
    ["checkpoint", 7, null],
    ["bytesSaved", "many", 0],
    ["metrics", [1, 2], {}],
    ["metrics", { loss: "low", fine: 1, "\u001b[2J": 2 }, { fine: 1 }],
  ])("%s = %j is left out alone", (name, value, read) => {
    expect(parse(JSON.stringify({ ...status, [name]: value }))).toMatchObject({
      step: name === "step" ? null : 1234,
      [name]: read,
    });
  });

  it("of any kind never makes it throw", () => {
    const keys = fc.constantFrom(...Object.keys(status));
    fc.assert(
      fc.property(keys, fc.jsonValue(), fc.nat(300), (key, value, cut) => {
        const text = JSON.stringify({ ...status, [key]: value });
        const read = parse(text);
        expect(parse(text.slice(0, cut)) === null || cut >= text.length).toBe(true);
        if (read) expect(read.rank).toBeLessThan(read.worldSize);
      }),
    );
  });
});
