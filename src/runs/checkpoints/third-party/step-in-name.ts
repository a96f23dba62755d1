/**
 * The step that the name of a third party's checkpoint surely tells. A number that may be anything else (an
 * epoch, a metric, a version, a counter of saves) is no step: a wrong one would resume an older checkpoint.
 */

/** `step=1200`, `global_step1000`, `iter_0005000`; neither `max_steps-500` nor `step_10k`, `step-0.5`. */
const AFTER_WORD =
  /(?<![a-z])(?<!(?:max|total|warmup|num|n|lr|save|decay)[-_ ]?)(?:steps?|iter(?:ation)?s?|num_updates)[-_= ]?(\d+)(?![\da-z]|[.,]\d)/gi;
/** `10000_steps`: stable-baselines. */
const BEFORE_WORD = /(?<![a-z\d.,])(\d+)[-_ ]?(?:steps|iters|iterations)(?![a-z])/gi;
/** A folder or file of Hugging Face's trainers. timm's `checkpoint-12.pth.tar` counts epochs. */
const HUGGING_FACE = /^checkpoint-(\d+)(?!\.pth)(?:\.[a-z]+)?$/;
/** TensorFlow's savers write the global step: `model.ckpt-1000.index`. */
const TENSORFLOW = /^model\.ckpt-(\d+)(?:\.|$)/;

/** Null where it tells none, or several. */
export function stepInName(name: string): number | null {
  const [, whole] = HUGGING_FACE.exec(name) ?? TENSORFLOW.exec(name) ?? [];
  if (whole !== undefined) return asStep([whole]);
  const after = [...name.matchAll(AFTER_WORD)].map((match) => match[1] ?? "");
  return asStep(after.length > 0 ? after : [...name.matchAll(BEFORE_WORD)].map((match) => match[1] ?? ""));
}

/** Of the names from the file outwards (its own, then its folders'), the first that tells a step. */
export function stepInNames(names: readonly string[]): number | null {
  for (const name of names) {
    const step = stepInName(name);
    if (step !== null) return step;
  }
  return null;
}

function asStep(digits: string[]): number | null {
  const steps = new Set(digits.map(Number));
  const [step] = steps;
  return steps.size === 1 && Number.isSafeInteger(step) ? (step ?? null) : null;
}
