/**
 * Covers: src/runs/checkpoints/third-party/list.ts, src/runs/checkpoints/third-party/expand-glob.ts,
 * src/runs/checkpoints/third-party/measure.ts
 */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LastLook, listThirdParty } from "../../../../src/runs/checkpoints/third-party/list.ts";
import { root, testWith } from "../../../needs.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "third-party-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function put(name: string, seconds: number, content = "weights"): string {
  const path = join(directory, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  utimesSync(path, seconds, seconds);
  return path;
}
const look = (pattern: string, seen: LastLook, sinceMs = 0) =>
  listThirdParty({ pattern, cwd: directory, sinceMs, written: false }, seen);
/** What counts at the second look. */
function settled(pattern: string, sinceMs = 0) {
  const seen: LastLook = new Map();
  look(pattern, seen, sinceMs);
  return look(pattern, seen, sinceMs);
}
const steps = (pattern: string) => settled(pattern).checkpoints.map(({ step }) => step);
const names = (pattern: string) =>
  settled(pattern).checkpoints.map(({ path }) => path.slice(directory.length + 1));

describe("what counts", () => {
  it("is what stays the same in size and age from one look to the next", () => {
    const seen: LastLook = new Map();
    put("out/checkpoint-500/model.bin", 1000, "1234");
    put("out/checkpoint-1000/model.bin", 2000, "12");
    put("out/checkpoint-empty/model.bin", 2000, "");
    expect(look("out/checkpoint-*", seen).checkpoints).toEqual([]);
    put("out/checkpoint-1000/model.bin", 2000, "123");
    expect(look("out/checkpoint-*", seen).checkpoints.map(({ step }) => step)).toEqual([500]);
    expect(look("out/checkpoint-*", seen).checkpoints).toEqual([
      {
        path: join(directory, "out", "checkpoint-1000"),
        step: 1000,
        epoch: null,
        bytes: 3,
        createdAtMs: 2_000_000,
        verified: "size and age only",
      },
      expect.objectContaining({ step: 500, bytes: 4 }),
    ]);
  });

  it("may be a file, named as it is or by a pattern; what isn't there is no error", () => {
    put("last.ckpt", 10, "1");
    for (const pattern of ["*.ckpt", "last.ckpt", join(directory, "l*.ckpt")])
      expect(settled(pattern).checkpoints).toMatchObject([{ step: null, bytes: 1 }]);
    expect(settled("none/*").checkpoints).toEqual([]);
    expect(settled("none.pt").checkpoints).toEqual([]);
  });

  it("was written since the job's first run; of the rest the newest is named", () => {
    put("out/step_300.pt", 5000);
    put("out/step_400.pt", 6000);
    expect(settled("out/*.pt", 7_000_000)).toEqual({
      checkpoints: [],
      rejected: [
        {
          path: join(directory, "out/step_400.pt"),
          reason:
            'it was written before this job\'s first run (nor 1 more like it); "checkpoint": { "adoptExisting": true } takes it',
        },
      ],
    });
    put("out/step_20.pt", 7100);
    expect(settled("out/*.pt", 7_000_000)).toMatchObject({ checkpoints: [{ step: 20 }], rejected: [] });
  });

  it("isn't made younger by what happens to its folder", () => {
    put("out/checkpoint-9/model.bin", 5000);
    put("out/checkpoint-9/lock", 5000);
    rmSync(join(directory, "out/checkpoint-9/lock"));
    renameSync(join(directory, "out/checkpoint-9"), join(directory, "out/checkpoint-10"));
    expect(settled("out/*", 7_000_000).checkpoints).toEqual([]);
  });
});

describe("links", () => {
  it("to a folder or a file are what they lead to now, and count once", () => {
    put("scratch/checkpoint-90/model.bin", 1000);
    put("scratch/epoch=2-step=640.ckpt", 900);
    mkdirSync(join(directory, "out"));
    symlinkSync("../scratch/checkpoint-90", join(directory, "out/latest"));
    symlinkSync("../scratch/checkpoint-90", join(directory, "out/checkpoint-90"));
    symlinkSync("../scratch/epoch=2-step=640.ckpt", join(directory, "out/last.ckpt"));
    symlinkSync("../scratch/checkpoint-91", join(directory, "out/checkpoint-91"));
    expect(names("out/*")).toEqual(["scratch/epoch=2-step=640.ckpt", "scratch/checkpoint-90"]);
  });

  it("on the way are followed, and so are files of a folder that are links", () => {
    const blob = put("blobs/4f1c", 3000, "12345");
    put("scratch/run-a/checkpoint-30/config.json", 1000, "{}");
    symlinkSync(blob, join(directory, "scratch/run-a/checkpoint-30/model.bin"));
    mkdirSync(join(directory, "runs"));
    symlinkSync("../scratch/run-a", join(directory, "runs/a"));
    expect(settled("runs/*/checkpoint-*").checkpoints).toMatchObject([
      { step: 30, bytes: 7, createdAtMs: 3_000_000 },
    ]);
  });

  it("keep their own name where the target's ending is another", () => {
    put("blobs/4f1c", 3000);
    symlinkSync(join(directory, "blobs/4f1c"), join(directory, "step-8.pt"));
    expect(settled("*.pt").checkpoints).toMatchObject([{ path: join(directory, "step-8.pt"), step: 8 }]);
  });

  it("that lead in circles end", () => {
    put("out/checkpoint-3/model.bin", 1000, "123");
    symlinkSync("..", join(directory, "out/checkpoint-3/up"));
    expect(settled("out/checkpoint-*").checkpoints).toMatchObject([{ step: 3 }]);
    expect(steps("**/checkpoint-*")).toEqual([3]);
  });

  it("below home are found by ~/", () => {
    put("kept/step-5.pt", 1000);
    const before = process.env.HOME;
    process.env.HOME = directory;
    try {
      expect(names("~/kept/*.pt")).toEqual(["kept/step-5.pt"]);
    } finally {
      process.env.HOME = before;
    }
  });
});

describe("the newest", () => {
  it("has the highest step, whatever times were copied with the files", () => {
    put("out/step_100.pt", 9000);
    put("out/step_300.pt", 1000);
    put("out/step_200.pt", 5000);
    expect(steps("out/*")).toEqual([300, 200, 100]);
  });

  it("is the last written where names don't tell", () => {
    put("weights.07-0.25.pth", 2000);
    put("weights.08-0.11.pth", 3000);
    put("weights.06-0.90.pth", 1000);
    expect(names("weights.*")).toEqual(["weights.08-0.11.pth", "weights.07-0.25.pth", "weights.06-0.90.pth"]);
    expect(steps("weights.*")).toEqual([null, null, null]);
  });

  it("among both kinds: a file without a step is as new as its time, one with a step not older than a lower one", () => {
    put("out/step_100.pt", 9000);
    put("out/step_300.pt", 1000);
    put("out/last.pt", 5000);
    expect(names("out/*")).toEqual(["out/step_300.pt", "out/step_100.pt", "out/last.pt"]);
    put("out/last.pt", 9500);
    expect(steps("out/*")).toEqual([null, 300, 100]);
  });

  it("takes its step from a folder that the pattern leaves open, not from one that it names", () => {
    put("step2/checkpoint-70/model.bin", 1000);
    put("step2/checkpoint-80/model.bin", 500);
    put("step2/last/model.bin", 100);
    expect(steps("step2/*/model.bin")).toEqual([80, 70, null]);
  });
});

describe("one that isn't whole", () => {
  const cut = (name: string, seconds: number): string => put(name, seconds, "PK\x03\x04 half of an archive");

  it("is passed over for the one before, and told once nothing writes any more", () => {
    const newest = cut("out/step_9.pt", 2000);
    put("out/step_8.pt", 1000);
    const seen: LastLook = new Map();
    const where = { pattern: "out/*", cwd: directory, sinceMs: 0 };
    listThirdParty({ ...where, written: true }, seen);
    expect(listThirdParty({ ...where, written: true }, seen)).toMatchObject({
      checkpoints: [{ step: 8 }],
      rejected: [],
    });
    const reason = "step_9.pt is cut short: the directory at the end of its zip archive is missing";
    expect(listThirdParty({ ...where, written: false }, seen)).toMatchObject({
      checkpoints: [{ step: 8 }],
      rejected: [{ path: newest, reason }],
    });
  });

  it("counts once it is written anew", () => {
    cut("out/step_9.pt", 2000);
    const seen: LastLook = new Map();
    for (const _ of [1, 2]) look("out/*", seen);
    put("out/step_9.pt", 2500);
    for (const _ of [1, 2]) look("out/*", seen);
    expect(look("out/*", seen)).toMatchObject({ checkpoints: [{ step: 9 }], rejected: [] });
  });

  const shard = (number: number): string => `model-0000${number}-of-00002.bin`;
  const index = JSON.stringify({ weight_map: { a: shard(1) } });
  testWith(root).each([
    ["its folder can't be listed", `out/${shard(1)}`, "weights", "out", 0o711, shard(2)],
    ["its file can't be read", "out/step_9.pt", "PK\x03\x04 half", "out/step_9.pt", 0o600, "zip archive"],
    ["its index can't be read", "out/m.index.json", index, "out/m.index.json", 0o600, shard(1)],
    [
      "what its index names can't be looked at",
      "out/m.index.json",
      JSON.stringify({ weight_map: { a: "shut/a.bin" } }),
      "out/shut",
      0o700,
      "shut/a.bin",
    ],
  ])("is looked at again where %s", (_, name, content, shut, mode, missing) => {
    put("out/shut/other", 10);
    put(name, 1000, content);
    for (const folder of ["", "out"]) chmodSync(join(directory, folder), 0o755);
    chmodSync(join(directory, shut), mode);
    const seen: LastLook = new Map();
    // Root may look everywhere, an ordinary user may not.
    process.seteuid?.(65_534);
    try {
      look(name, seen);
      expect(look(name, seen)).toMatchObject({ checkpoints: [{ bytes: content.length }], rejected: [] });
    } finally {
      process.seteuid?.(0);
    }
    const reason = expect.stringContaining(missing);
    expect(look(name, seen)).toMatchObject({ checkpoints: [], rejected: [{ reason }] });
  });

  it("isn't looked for among those that are older than the fallbacks, nor under a temporary name", () => {
    for (let step = 20; step < 40; step++) put(`out/step_${step}.pt`, step);
    cut("out/step_3.pt", 3);
    cut("out/step_50.pt.tmp", 50);
    cut("out/tmp-step_51.pt", 51);
    const { checkpoints, rejected } = settled("out/*");
    expect([checkpoints[0]?.step, checkpoints.length, rejected]).toEqual([39, 8, []]);
  });
});
