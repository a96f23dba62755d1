/**
 * `gpu-job-supervisor/job/tfjs`: exact save and restore of a TensorFlow.js layers model with its
 * optimizer, and callbacks for `model.fit`. Must never import TensorFlow.js at run time: a program may
 * use any of its packages, and two copies don't understand each other's tensors. Reports immediately if
 * none is installed.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as core from "@tensorflow/tfjs-core";
import type { CustomCallbackArgs, LayersModel, Logs } from "@tensorflow/tfjs-layers";
import type { CheckpointFiles } from "./checkpoint/checkpoint-files.ts";
import { job } from "./index.ts";
import { complain } from "./report/complain.ts";
import { hashTensors, type NamedTensors, readTensors, type Tf, writeTensors } from "./tfjs-tensors.ts";

/** Each of them provides tensors and layers. */
const PACKAGES = ["tfjs-core", "tfjs", "tfjs-node", "tfjs-node-gpu"].map((name) => `@tensorflow/${name}`);

if (!isInstalled())
  complain(
    "TensorFlow.js isn't installed, and gpu-job-supervisor/job/tfjs does nothing without it. " +
      "Install it beside your job: npm install @tensorflow/tfjs-core @tensorflow/tfjs-layers " +
      "@tensorflow/tfjs-backend-wasm, or @tensorflow/tfjs-node-gpu for NVIDIA GPUs",
  );

/** Searches where the job looks for packages, then where this module does. */
function isInstalled(): boolean {
  const places = [process.argv[1] ?? join(process.cwd(), "job"), import.meta.filename];
  return places.some((place) => {
    const { resolve } = createRequire(place);
    return PACKAGES.some((name) => {
      try {
        return resolve(`${name}/package.json`) !== "";
      } catch {
        return false;
      }
    });
  });
}

/**
 * Running products that `optimizer.getWeights()` omits. `setWeights()` recomputes them as pow(beta, n),
 * which isn't bit for bit the result of n multiplications.
 */
const LEFT_OUT = ["accBeta1", "accBeta2", "iteration"] as const;

type Optimizer = core.Optimizer & Partial<Record<(typeof LEFT_OUT)[number], core.Variable>>;

/**
 * Writes weights and optimizer state (files `weights.*`, `optimizer.*`, `optimizer-products.*`).
 * The random state and the position in the data are up to the program: write them beside it.
 * @throws if the optimizer can't give its state (Adamax)
 */
export async function saveModel(files: CheckpointFiles, model: LayersModel): Promise<void> {
  await writeTensors(files, "weights", weightsOf(model));
  const optimizer = optimizerOf(model);
  if (!optimizer) return;
  const state = await optimizer.getWeights();
  await writeTensors(files, "optimizer", state);
  // The first entry is the step count, made for this call; the others are the optimizer's own.
  state[0]?.tensor.dispose();
  const products = LEFT_OUT.flatMap((name) => (optimizer[name] ? [{ name, tensor: optimizer[name] }] : []));
  await writeTensors(files, "optimizer-products", products);
}

/**
 * Restores what `saveModel` wrote, bit for bit. Build and compile the same model first.
 * @param checkpoint the directory, e.g. `(await job.resume())?.path`
 * @throws when a file is missing or the model has other weights
 */
export async function restoreModel(tf: Tf, checkpoint: string, model: LayersModel): Promise<void> {
  const weights = await readTensors(tf, checkpoint, "weights");
  model.setWeights(weights.map(({ tensor }) => tensor));
  tf.dispose(weights.map(({ tensor }) => tensor));
  const optimizer = optimizerOf(model);
  if (!optimizer) return;
  const state = await readTensors(tf, checkpoint, "optimizer");
  await optimizer.setWeights(state);
  tf.dispose(state.map(({ tensor }) => tensor));
  for (const { name, tensor } of await readTensors(tf, checkpoint, "optimizer-products")) {
    optimizer[name as (typeof LEFT_OUT)[number]]?.assign(tensor);
    tensor.dispose();
  }
}

/** SHA-256 of all weights in hex; two models with the same hash are bit-identical. */
export function hashWeights(model: LayersModel): Promise<string> {
  return hashTensors(weightsOf(model).map(({ tensor }) => tensor));
}

export interface FitOptions {
  /** Batches and epochs already done, from the checkpoint's step and epoch. */
  initialStep?: number;
  initialEpoch?: number;
  totalSteps?: number;
  /**
   * `batch` (default) pauses within a batch; a resume repeats the epoch from its first batch.
   * `epoch` waits for the end of the epoch, and repeats nothing.
   */
  pauseAt?: "batch" | "epoch";
  /** Writes what your program needs besides the model, into the same checkpoint. */
  save?: (files: CheckpointFiles) => Promise<unknown> | unknown;
}

/**
 * Callbacks for `model.fit(x, y, { callbacks, initialEpoch })`: progress, checkpoints and pauses.
 * `model.fit` shuffles with Math.random and doesn't expose its position, so only a loop of your own with
 * `trainOnBatch` resumes bit-identically.
 */
export function fitCallbacks(model: LayersModel, options: FitOptions = {}): CustomCallbackArgs {
  let steps = options.initialStep ?? 0;
  let epochs = options.initialEpoch ?? 0;
  const save = async (files: CheckpointFiles): Promise<void> => {
    await saveModel(files, model);
    await options.save?.(files);
  };
  const report = (logs: Logs | undefined, atBoundary: boolean): Promise<void> => {
    const { loss, ...metrics } = (logs ?? {}) as Record<string, number>;
    const numbers = Object.entries(metrics).filter(([name]) => name !== "batch" && name !== "size");
    return job.step(steps, {
      epoch: epochs,
      metrics: Object.fromEntries(numbers),
      ...(loss === undefined ? {} : { loss }),
      ...(options.totalSteps === undefined ? {} : { totalSteps: options.totalSteps }),
      ...(atBoundary ? { save } : {}),
    });
  };
  return {
    onBatchEnd: (_batch, logs) => {
      steps += 1;
      return report(logs, options.pauseAt !== "epoch");
    },
    onEpochEnd: (epoch, logs) => {
      epochs = epoch + 1;
      return report(logs, true);
    },
  };
}

const weightsOf = (model: LayersModel): NamedTensors =>
  model.weights.map((weight) => ({ name: weight.originalName, tensor: weight.read() }));

/** Null for a model that was never compiled. */
function optimizerOf(model: LayersModel): Optimizer | null {
  return (model as { optimizer?: Optimizer }).optimizer ?? null;
}
