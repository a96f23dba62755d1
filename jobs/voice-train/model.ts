/**
 * The network: three small convolutions over the log-mel picture, averaged over time and pitch.
 * No dropout: its masks come from a generator whose state can't be saved, so a resumed run would
 * differ. Initial weights come from the seed alone.
 */
import type { Backend } from "./backend.ts";
import { BANDS, FRAMES } from "./log-mel.ts";

type Model = ReturnType<Backend["layers"]["sequential"]>;

export function buildModel({ tf, layers }: Backend, words: number, seed: number): Model {
  const init = (offset: number) => layers.initializers.heNormal({ seed: seed * 16 + offset });
  const convolution = (filters: number, offset: number, shape = {}) =>
    layers.layers.conv2d({
      filters,
      kernelSize: 3,
      padding: "same",
      activation: "relu",
      kernelInitializer: init(offset),
      ...shape,
    });
  const pool = () => layers.layers.maxPooling2d({ poolSize: 2 });
  const model = layers.sequential();
  model.add(convolution(12, 1, { inputShape: [FRAMES, BANDS, 1] }));
  model.add(pool());
  model.add(convolution(24, 2));
  model.add(pool());
  model.add(convolution(48, 3));
  model.add(pool());
  model.add(layers.layers.flatten());
  model.add(layers.layers.dense({ units: words, activation: "softmax", kernelInitializer: init(4) }));
  model.compile({ optimizer: tf.train.adam(0.001), loss: "sparseCategoricalCrossentropy", metrics: [] });
  return model;
}
