/**
 * Tensors as plain bytes: one .bin with all values end to end, one .json that describes them. Exact:
 * stores every value in its own type, little-endian, never as text. Must never import TensorFlow.js at
 * run time; the caller brings its own copy.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type * as core from "@tensorflow/tfjs-core";
import type { CheckpointFiles } from "./checkpoint/checkpoint-files.ts";

/** The two functions of TensorFlow.js that restoring needs; `@tensorflow/tfjs*` all have them. */
export type Tf = Pick<typeof core, "tensor" | "dispose">;
export type NamedTensors = { name: string; tensor: core.Tensor }[];

interface Listed {
  name: string;
  dtype: core.DataType;
  shape: number[];
}

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;
type Plain = keyof typeof ARRAYS;

/** @throws on strings and complex numbers, which weights never contain */
export async function writeTensors(
  files: CheckpointFiles,
  name: string,
  tensors: NamedTensors,
): Promise<void> {
  const listed: Listed[] = tensors.map(({ name, tensor }) => ({
    name,
    dtype: plain(tensor.dtype),
    shape: tensor.shape,
  }));
  await files.file(`${name}.bin`, bytesOf(tensors));
  await files.json(`${name}.json`, listed);
}

/** New tensors, in the order in which they were written; the caller disposes of them. */
export async function readTensors(tf: Tf, checkpoint: string, name: string): Promise<NamedTensors> {
  const listed = JSON.parse(await readFile(join(checkpoint, `${name}.json`), "utf8")) as Listed[];
  const bytes = await readFile(join(checkpoint, `${name}.bin`));
  let at = 0;
  return listed.map(({ name, dtype, shape }) => {
    const kind = ARRAYS[plain(dtype)];
    const length = shape.reduce((product, size) => product * size, 1) * kind.BYTES_PER_ELEMENT;
    // Copied, because a typed array must start at a multiple of its element's size.
    const values = new kind(Uint8Array.from(bytes.subarray(at, at + length)).buffer);
    at += length;
    return { name, tensor: tf.tensor(values, shape, dtype) };
  });
}

/** SHA-256 over all values in order, in hex: equal means bit-identical. */
export async function hashTensors(tensors: core.Tensor[]): Promise<string> {
  const hash = createHash("sha256");
  for await (const bytes of bytesOf(tensors.map((tensor) => ({ tensor })))) hash.update(bytes);
  return hash.digest("hex");
}

async function* bytesOf(tensors: { tensor: core.Tensor }[]): AsyncGenerator<Uint8Array> {
  for (const { tensor } of tensors) {
    const values = (await tensor.data()) as Float32Array | Int32Array | Uint8Array;
    yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }
}

function plain(dtype: core.DataType): Plain {
  if (dtype in ARRAYS) return dtype as Plain;
  throw new TypeError(`a tensor of type ${dtype} can't be saved`);
}
