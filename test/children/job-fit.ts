/** A program that uses `model.fit`. Arguments: pause at "batch" or "epoch", epochs. */
import "@tensorflow/tfjs-backend-cpu";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { job } from "../../src/job/index.ts";
import { fitCallbacks, hashWeights, restoreModel } from "../../src/job/tfjs.ts";

const pauseAt = process.argv[2] === "epoch" ? "epoch" : "batch";
const epochs = Number(process.argv[3]);
const BATCHES = 8;

const model = layers.sequential();
model.add(
  layers.layers.dense({
    units: 6,
    inputShape: [4],
    activation: "relu",
    kernelInitializer: layers.initializers.glorotNormal({ seed: 1 }),
  }),
);
model.add(
  layers.layers.dense({ units: 1, kernelInitializer: layers.initializers.glorotNormal({ seed: 2 }) }),
);
model.compile({ optimizer: tf.train.adam(0.01), loss: "meanSquaredError", metrics: ["mse"] });
const resumed = await job.resume();
if (resumed) {
  await restoreModel(tf, resumed.path, model);
  console.log(`note: ${readFileSync(join(resumed.path, "note.json"), "utf8")}`);
}
await model.fit(tf.randomNormal([BATCHES * 4, 4], 0, 1, "float32", 7), tf.ones([BATCHES * 4, 1]), {
  batchSize: 4,
  epochs,
  shuffle: false,
  verbose: 0,
  initialEpoch: resumed?.epoch ?? 0,
  callbacks: fitCallbacks(model, {
    pauseAt,
    initialStep: resumed?.step ?? 0,
    initialEpoch: resumed?.epoch ?? 0,
    totalSteps: epochs * BATCHES,
    save: (files) => files.json("note.json", "kept"),
  }),
});
console.log(`weights ${await hashWeights(model)}`);
