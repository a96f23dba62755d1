/**
 * TensorFlow.js models: exact state, and `model.fit` under the pause contract.
 * Covers: src/job/tfjs-tensors.ts
 */
import "@tensorflow/tfjs-backend-cpu";
import { resolve } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { describe, expect, test } from "vitest";
import { writeCheckpoint } from "../../src/job/checkpoint/write-checkpoint.ts";
import { hashWeights, restoreModel, saveModel } from "../../src/job/tfjs.ts";
import { NeverComes, until } from "../until.ts";
import { endOf, launch, plainEnvironment, start, temporaryFolder } from "./launch.ts";

function build(optimizer: tf.Optimizer): layers.Sequential {
  const model = layers.sequential();
  model.add(layers.layers.dense({ units: 5, inputShape: [3], activation: "tanh" }));
  model.add(layers.layers.batchNormalization());
  model.add(layers.layers.dense({ units: 1 }));
  model.compile({ optimizer, loss: "meanSquaredError" });
  return model;
}

async function train(model: layers.Sequential, steps: number): Promise<void> {
  for (let i = 0; i < steps; i++)
    await model.trainOnBatch(tf.randomNormal([4, 3], 0, 1, "float32", i + 1), tf.ones([4, 1]));
}

describe("exact state", () => {
  test.each([
    ["adam", () => tf.train.adam(0.01)],
    ["sgd", () => tf.train.sgd(0.1)],
    ["momentum", () => tf.train.momentum(0.1, 0.9)],
    ["rmsprop", () => tf.train.rmsprop(0.01)],
    ["adagrad", () => tf.train.adagrad(0.1)],
    ["adadelta", () => tf.train.adadelta(0.1)],
  ])("%s goes on bit for bit after a restore", async (_, optimizer) => {
    const original = build(optimizer());
    await train(original, 7);
    const { path } = await writeCheckpoint(temporaryFolder(), 7, (files) => saveModel(files, original));
    const copy = build(optimizer());
    await restoreModel(tf, path, copy);
    expect(await hashWeights(copy)).toBe(await hashWeights(original));
    await train(original, 9);
    await train(copy, 9);
    expect(await hashWeights(copy)).toBe(await hashWeights(original));
  });

  test("saving and restoring before the first step works, and leaks no tensor", async () => {
    const model = build(tf.train.adam(0.01));
    const save = () => writeCheckpoint(temporaryFolder(), 0, (files) => saveModel(files, model));
    const { path } = await save();
    await restoreModel(tf, path, build(tf.train.adam(0.01)));
    const before = tf.memory().numTensors;
    await save();
    expect(tf.memory().numTensors).toBe(before);
  });

  test("a model of another shape is refused", async () => {
    const { path } = await writeCheckpoint(temporaryFolder(), 0, (files) =>
      saveModel(files, build(tf.train.sgd(1))),
    );
    const other = layers.sequential();
    other.add(layers.layers.dense({ units: 2, inputShape: [3] }));
    await expect(restoreModel(tf, path, other)).rejects.toThrow(/weight/);
  });

  test("an optimizer that can't give its state fails the save", async () => {
    const model = build(tf.train.adamax(0.01));
    await expect(writeCheckpoint(temporaryFolder(), 1, (files) => saveModel(files, model))).rejects.toThrow(
      /Adamax/,
    );
  });
});

describe("model.fit", () => {
  const child = resolve("test/children/job-fit.ts");

  test("pauses at an epoch's end, and resumes to the same weights", async () => {
    const whole = endOf(start(child, ["epoch", "40"], plainEnvironment()));
    // On a busy machine a run may end before it is asked.
    const { job, report } = await until("a pause in time", async () => {
      const job = temporaryFolder();
      const first = launch(child, ["epoch", "40"], job);
      await first.until("running", ({ state }) => state !== "ready");
      first.ask({ sequence: 1, want: "pause" });
      const { code, output } = await first.ended;
      if (code !== 75 && code !== 0) throw new NeverComes(output);
      return code === 75 && { job, report: first.status() };
    });
    expect(report).toMatchObject({ state: "paused", totalSteps: 320, metrics: { loss: expect.any(Number) } });
    expect(report?.step).toBe(8 * Number(report?.epoch));
    const second = await launch(child, ["epoch", "40"], job).ended;
    const weights = (output: string) => /^weights .+$/m.exec(output)?.[0];
    expect(second.output).toContain('note: "kept"');
    expect(weights(second.output)).toMatch(/./);
    expect(weights(second.output)).toBe(weights((await whole).output));
  });

  test("pauses within an epoch when asked for batches", async () => {
    const job = temporaryFolder();
    const run = launch(child, ["batch", "100000"], job);
    await run.until("running", ({ state }) => state === "running");
    run.ask({ sequence: 1, want: "pause" });
    expect((await run.ended).code).toBe(75);
    expect(run.status()?.state).toBe("paused");
  });
});
