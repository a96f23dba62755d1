/**
 * Finds the fastest TensorFlow.js that works here: the GPU's, then the native CPU's, then
 * WebAssembly, then plain JavaScript. Must say in one line why each better one was passed over.
 */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import util from "node:util";
import type * as Core from "@tensorflow/tfjs-core";
import type * as Layers from "@tensorflow/tfjs-layers";
import { registerFilterGradient } from "./filter-gradient.ts";
import { requireNativePart } from "./native-part.ts";

export interface Backend {
  name: string;
  tf: typeof Core;
  layers: typeof Layers;
}

type Both = typeof Core & typeof Layers;

const WAYS: [name: string, open: () => Promise<Omit<Backend, "name">>][] = [
  ["tfjs-node-gpu", () => native("@tensorflow/tfjs-node-gpu")],
  ["tfjs-node", () => native("@tensorflow/tfjs-node")],
  ["wasm", () => separate("wasm")],
  ["cpu", () => separate("cpu")],
];

const INSTALL =
  "Install one: npm install @tensorflow/tfjs-core @tensorflow/tfjs-layers @tensorflow/tfjs-backend-wasm";

/** @param only use this one and no other; null takes the first that works */
export async function openBackend(log: (line: string) => void, only: string | null = null): Promise<Backend> {
  for (const [name, open] of WAYS.filter(([name]) => only === null || name === only)) {
    try {
      const backend = await open();
      await prove(backend.tf);
      log(`backend: ${name}`);
      return { name, ...backend };
    } catch (error) {
      log(`backend: not ${name}: ${reason(error)}`);
    }
  }
  throw new Error(
    only ? `the backend "${only}" doesn't work here` : `no TensorFlow.js backend works here. ${INSTALL}`,
  );
}

/** One line, without the path of the file that asked. */
function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/ imported from .*/s, "").split("\n")[0] as string;
}

/** The native packages bring core and layers in one namespace. */
async function native(packageName: string): Promise<Omit<Backend, "name">> {
  const description = fileURLToPath(import.meta.resolve(`${packageName}/package.json`));
  requireNativePart(dirname(description), packageName);
  // Node 23 removed this function, and the native backend still calls it in most operations.
  const old = util as { isNullOrUndefined?: (value: unknown) => boolean };
  old.isNullOrUndefined ??= (value) => value === null || value === undefined;
  const loaded = (await import(packageName)) as Both & { default?: Both };
  // CommonJS: depending on the loader the namespace is the module itself or its default.
  const tf = loaded.default ?? loaded;
  await tf.setBackend("tensorflow");
  return { tf, layers: tf };
}

async function separate(name: "wasm" | "cpu"): Promise<Omit<Backend, "name">> {
  const tf = await import("@tensorflow/tfjs-core");
  if (name === "cpu") await import("@tensorflow/tfjs-backend-cpu");
  else {
    const wasm = await import("@tensorflow/tfjs-backend-wasm");
    wasm.setWasmPaths(`${dirname(fileURLToPath(import.meta.resolve("@tensorflow/tfjs-backend-wasm")))}/`);
    registerFilterGradient(tf);
  }
  if (!(await tf.setBackend(name))) throw new Error("it could not be started");
  return { tf, layers: await import("@tensorflow/tfjs-layers") };
}

/** A backend may load and still fail at its first operation. */
async function prove(tf: typeof Core): Promise<void> {
  await tf.ready();
  const [sum] = tf.tidy(() => tf.matMul([[1, 2]], [[3], [4]]).dataSync());
  if (sum !== 11) throw new Error(`it computes 1·3 + 2·4 = ${sum}`);
}
