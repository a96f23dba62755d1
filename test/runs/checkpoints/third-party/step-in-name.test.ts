import { expect, test } from "vitest";
import { stepInName, stepInNames } from "../../../../src/runs/checkpoints/third-party/step-in-name.ts";

test.each([
  // Hugging Face, Diffusers; TensorFlow
  ["checkpoint-500", 500],
  ["checkpoint-750.json", 750],
  ["model.ckpt-1000.index", 1000],
  // Lightning, NeMo
  ["epoch=3-step=1200.ckpt", 1200],
  ["epoch=3-step=1200-v1.ckpt", 1200],
  ["tts--val_loss=0.2571-epoch=3-step=4410.ckpt", 4410],
  // DeepSpeed, Megatron, mmsegmentation, lit-gpt, stable-baselines, and loops of one's own
  ["global_step1000", 1000],
  ["iter_0005000", 5000],
  ["iter-008000-ckpt.pth", 8000],
  ["model_step_2000.pt", 2000],
  ["step-00000042.safetensors", 42],
  ["G_step=77.pth", 77],
  ["rl_model_10000_steps.zip", 10_000],
  ["step_250", 250],
])("%s is of step %i", (name, step) => {
  expect(stepInName(name)).toBe(step);
});

test.each([
  // Epochs: Keras, timm, fairseq, mmdetection, TensorFlow's tutorial
  "weights.07.h5",
  "weights.07-0.25.h5",
  "checkpoint-12.pth.tar",
  "checkpoint12.pt",
  "epoch_12.pth",
  "cp-0010.ckpt",
  "epoch=4.ckpt",
  // A counter of saves, an epoch or a step: nobody can tell
  "ckpt_100.pt",
  "ckpt-12.index",
  "checkpoint_1_5000.pt",
  "G_10000.pth",
  // Metrics, settings, sizes, versions
  "val_loss=0.25",
  "best-step=0.93.ckpt",
  "max_steps-500.pt",
  "warmup_steps=300.bin",
  "step_10k.pt",
  "stepsize=3.pt",
  "timestep_500.npz",
  "wav2vec2",
  // Two steps are none
  "step_100_of_step_900.pt",
  // Nothing: fairseq, nanoGPT, YOLO, Lightning
  "checkpoint_last.pt",
  "ckpt.pt",
  "last.pt",
  "best.pt",
  "last-v1.ckpt",
])("%s tells no step", (name) => {
  expect(stepInName(name)).toBeNull();
});

test("a file is of the step of the nearest folder that tells one", () => {
  expect(stepInNames(["pytorch_model.bin", "checkpoint-600", "step9"])).toBe(600);
  expect(stepInNames(["last.pt", "runs"])).toBeNull();
});
