import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { measure } from "../../../../src/runs/checkpoints/third-party/measure.ts";
import { incomplete } from "../../../../src/runs/checkpoints/third-party/whole-set.ts";
import { root, testWith } from "../../../needs.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "whole-set-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function put(...names: string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), "1");
  }
}
function missing(name: string): string | null {
  const path = join(directory, name);
  const found = measure(path);
  return incomplete(path, found === null || found === "unread" ? [] : found.files, []);
}
const index = (name: string, ...shards: string[]): void => {
  put(name);
  const map = Object.fromEntries(shards.map((shard, at) => [`layer.${at}`, shard]));
  writeFileSync(join(directory, name), JSON.stringify({ metadata: {}, weight_map: map }));
};

const [first, second, third] = [1, 2, 3].map((at) => `model-0000${at}-of-00003.safetensors`);

describe("a folder of Hugging Face", () => {
  it("is whole with its shards, its index and what the trainer writes last", () => {
    put(
      ...[first, second, third, "config.json", "training_args.bin", "trainer_state.json"].map(
        (f) => `checkpoint-8/${f}`,
      ),
    );
    index("checkpoint-8/model.safetensors.index.json", `${first}`, `${second}`, `${third}`);
    expect(missing("checkpoint-8")).toBeNull();
  });

  it("lacks a shard that the others' names tell of", () => {
    put(`checkpoint-8/${first}`, `checkpoint-8/${third}`);
    expect(missing("checkpoint-8")).toBe(`${second} is missing`);
  });

  it("lacks a shard that its index tells of", () => {
    put("out/part-a.bin", "out/adapter.bin");
    index("out/pytorch_model.bin.index.json", "part-a.bin", "part-b.bin");
    expect(missing("out")).toBe("part-b.bin is missing");
  });

  it("lacks its index, which is written after the shards", () => {
    put(...[first, second, third, "config.json"].map((f) => `checkpoint-8/${f}`));
    expect(missing("checkpoint-8")).toBe("model.safetensors.index.json is missing");
  });

  it("lacks the trainer's state, where a trainer wrote it", () => {
    put("checkpoint-8/model.safetensors", "checkpoint-8/training_args.bin");
    expect(missing("checkpoint-8")).toBe("trainer_state.json is missing");
    put("final/model.safetensors", "final/training_args.bin");
    expect(missing("final")).toBeNull();
  });

  it("is looked into in its subfolders", () => {
    put("checkpoint-8/unet/diffusion-00000-of-00002.bin");
    expect(missing("checkpoint-8")).toBe("diffusion-00001-of-00002.bin is missing");
  });
});

it("a distributed checkpoint of PyTorch lacks what is written last", () => {
  put("step_5/__0_0.distcp", "step_5/__1_0.distcp");
  expect(missing("step_5")).toBe(".metadata is missing");
  put("step_5/.metadata");
  expect(missing("step_5")).toBeNull();
});

describe("a file", () => {
  it("that is an index or a shard needs the files beside it", () => {
    index("m.safetensors.index.json", "gone.safetensors");
    put(`${first}`, "model.ckpt-70.index", "faiss.index");
    expect(missing("m.safetensors.index.json")).toBe("gone.safetensors is missing");
    expect(missing(`${first}`)).toBe(`${second} is missing`);
    expect(missing("model.ckpt-70.index")).toBe("model.ckpt-70.data is missing");
    expect(missing("faiss.index")).toBeNull();
    put("model.ckpt-70.data-00000-of-00001");
    expect(missing("model.ckpt-70.index")).toBeNull();
  });

  it("of any other kind needs none", () => {
    put("step_7.pt", `${first}`);
    writeFileSync(join(directory, "odd.index.json"), '{"weight_map": 7}');
    expect(missing("step_7.pt")).toBeNull();
    expect(missing("odd.index.json")).toBeNull();
    index("no-name.index.json", "a\0b");
    expect(missing("no-name.index.json")).toBeNull();
  });
});

testWith(root)("nothing is missing where the folder that would hold it can't be looked into", () => {
  chmodSync(directory, 0o755);
  put(`shards/${first}`, "out/locked/part-b.bin");
  index("out/model.safetensors.index.json", "locked/part-b.bin");
  chmodSync(join(directory, "shards"), 0o711);
  chmodSync(join(directory, "out/locked"), 0o700);
  // Root may look everywhere, an ordinary user may not.
  process.seteuid?.(65_534);
  try {
    expect(missing(`shards/${first}`)).toBeNull();
    expect(missing("out/model.safetensors.index.json")).toBeNull();
  } finally {
    process.seteuid?.(0);
  }
  expect(missing(`shards/${first}`)).toBe(`${second} is missing`);
  rmSync(join(directory, "out/locked/part-b.bin"));
  expect(missing("out/model.safetensors.index.json")).toBe("locked/part-b.bin is missing");
});
