/**
 * Trains a small network to tell ten spoken words apart, and can be paused at any step: after a
 * resume it ends with exactly the weights that an uninterrupted run ends with. Runs without a
 * supervisor too: `node jobs/voice-train/main.ts`.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { job } from "gpu-job-supervisor/job";
import { hashWeights, restoreModel, saveModel } from "gpu-job-supervisor/job/tfjs";
import { type Backend, openBackend } from "./backend.ts";
import { BANDS, FRAMES } from "./log-mel.ts";
import { buildModel } from "./model.ts";
import { type Batch, Batches, loadRecordings, type Place, plainBatch } from "./recordings.ts";

const BATCH_SIZE = 16;
const USAGE = `node jobs/voice-train/main.ts [--steps 3000] [--seed 1] [--eval-every 100] [--backend NAME] [--quiet]
  --backend    tfjs-node-gpu, tfjs-node, wasm or cpu; by default the first that works`;

type Model = ReturnType<typeof buildModel>;

interface Options {
  steps: number;
  seed: number;
  evalEvery: number;
  backend: string | null;
  quiet: boolean;
}

const options = readOptions();
if (options) await train(options);

async function train({ steps, seed, evalEvery, backend: only, quiet }: Options): Promise<void> {
  const say = (line: string): void => console.log(line);
  const backend = await openBackend(say, only);
  const { words, recordings } = loadRecordings(join(import.meta.dirname, "data"));
  const trained = recordings.filter(({ heldOut }) => !heldOut);
  const heldOut = plainBatch(recordings.filter(({ heldOut }) => heldOut));
  const model = buildModel(backend, words.length, seed);
  const resumed = await job.resume();
  let batches = new Batches(trained, { seed });
  if (resumed) {
    await restoreModel(backend.tf, resumed.path, model);
    batches = new Batches(
      trained,
      JSON.parse(readFileSync(join(resumed.path, "place.json"), "utf8")) as Place,
    );
  }
  say(
    `${resumed ? `resumed at step ${resumed.step}` : "from the start"}: ${trained.length} recordings, ${model.countParams()} weights`,
  );

  const started = performance.now();
  let accuracy: number | null = null;
  for (let step = (resumed?.step ?? 0) + 1; step <= steps; step++) {
    const loss = await trainOn(backend, model, batches.next(BATCH_SIZE));
    const evaluate = step % evalEvery === 0 || step === steps;
    if (evaluate) accuracy = await accuracyOn(backend, model, heldOut);
    if (!quiet && (evaluate || step % 10 === 0 || step === 1))
      say(line(step, steps, loss, evaluate ? accuracy : null));
    await job.step(step, {
      loss,
      totalSteps: steps,
      epoch: batches.place.epoch,
      metrics: accuracy === null ? {} : { heldOutAccuracy: accuracy },
      save: async (checkpoint) => {
        await saveModel(checkpoint, model);
        await checkpoint.json("place.json", batches.place);
      },
    });
  }
  const seconds = (performance.now() - started) / 1000;
  const done = steps - (resumed?.step ?? 0);
  say(`trained ${done} steps in ${seconds.toFixed(1)} s, ${(done / seconds).toFixed(1)} steps/s`);
  accuracy ??= await accuracyOn(backend, model, heldOut);
  say(`held-out accuracy ${(100 * accuracy).toFixed(1)} %`);
  say(`weights sha256 ${await hashWeights(model)}`);
}

async function trainOn({ tf }: Backend, model: Model, { pictures, labels }: Batch): Promise<number> {
  const x = tf.tensor4d(pictures, [labels.length, FRAMES, BANDS, 1]);
  const y = tf.tensor1d(labels, "float32");
  const loss = await model.trainOnBatch(x, y);
  tf.dispose([x, y]);
  return Array.isArray(loss) ? (loss[0] as number) : loss;
}

/** Share of the unheard voices' recordings that are recognised, 0 … 1. */
async function accuracyOn({ tf }: Backend, model: Model, { pictures, labels }: Batch): Promise<number> {
  const guesses = tf.tidy(() => {
    const x = tf.tensor4d(pictures, [labels.length, FRAMES, BANDS, 1]);
    return tf.argMax(model.predict(x, { batchSize: 32 }) as ReturnType<typeof tf.tensor>, 1);
  });
  const values = await guesses.data();
  guesses.dispose();
  return labels.filter((label, i) => label === values[i]).length / labels.length;
}

function line(step: number, steps: number, loss: number, accuracy: number | null): string {
  const end = accuracy === null ? "" : `  held-out accuracy ${(100 * accuracy).toFixed(1)} %`;
  return `step ${step}/${steps}  loss ${loss.toFixed(4)}${end}`;
}

function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      steps: { type: "string", default: "3000" },
      seed: { type: "string", default: "1" },
      "eval-every": { type: "string", default: "100" },
      backend: { type: "string" },
      quiet: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const numbers = [values.steps, values.seed, values["eval-every"]].map(Number);
  const [steps, seed, evalEvery] = numbers as [number, number, number];
  const usable = numbers.every((value) => Number.isSafeInteger(value) && value >= 0) && evalEvery > 0;
  if (values.help || !usable) {
    console.log(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return null;
  }
  return { steps, seed, evalEvery, backend: values.backend ?? null, quiet: values.quiet };
}
