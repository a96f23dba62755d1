/**
 * Sound in, cleaned sound and segments of speech out, frame by frame. Everything that it remembers goes
 * into a checkpoint, so that a released job goes on as if it had never been away.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CheckpointFiles } from "gpu-job-supervisor/job";
import { Denoiser } from "./denoiser.ts";
import { Detector } from "./detector.ts";
import { type Lengths, Output } from "./output.ts";
import { Segments, type Place as SpeechPlace } from "./segments.ts";
import type { Frame } from "./source.ts";
import { Unusable } from "./unusable.ts";

interface Place {
  /** The file that it is of: the state means nothing in another. */
  input: string;
  frames: number;
  speech: SpeechPlace;
  lengths: Lengths;
}

interface Parts {
  denoiser: Denoiser;
  detector: Detector;
  segments: Segments;
  output: Output;
}

export class Voice {
  /** Frames that are done. */
  frames: number;
  readonly #input: string;
  readonly #parts: Parts;

  private constructor(input: string, frames: number, parts: Parts) {
    this.#input = input;
    this.frames = frames;
    this.#parts = parts;
  }

  /**
   * @param input absolute path of the sound
   * @param folder where the results are written
   * @param checkpoint the folder that `save` wrote into; null begins anew
   * @throws Unusable without its packages, or with a checkpoint that doesn't fit
   */
  static async open(input: string, folder: string, checkpoint: string | null): Promise<Voice> {
    const kept = async (name: string): Promise<Buffer | null> =>
      checkpoint === null ? null : readFile(join(checkpoint, name));
    const saved = await kept("place.json");
    const place = saved && (JSON.parse(saved.toString()) as Place);
    if (place && place.input !== input)
      throw new Unusable(
        `its checkpoint is of ${place.input}, not of ${input}: begin anew with supervisor rerun`,
      );
    const denoiser = await Denoiser.open(await kept("denoiser.bin"));
    const detector = await Detector.open(await kept("detector.bin"));
    // Last: without its packages the job leaves the results of an earlier run as they are.
    const output = await Output.open(folder, place?.lengths ?? null);
    const segments = new Segments(place?.speech);
    return new Voice(input, place?.frames ?? 0, { denoiser, detector, segments, output });
  }

  async hear({ samples, filled }: Frame): Promise<void> {
    const { denoiser, detector, segments, output } = this.#parts;
    denoiser.clean(samples);
    const cleaned = Int16Array.from(samples, (x) => Math.max(-32768, Math.min(32767, Math.round(x))));
    await output.sound(cleaned.subarray(0, filled));
    for (const probability of await detector.hear(samples)) {
      const over = segments.next(probability);
      if (over) await output.segment(over);
    }
    this.frames += 1;
  }

  async save(files: CheckpointFiles): Promise<void> {
    const { denoiser, detector, segments, output } = this.#parts;
    await output.flush();
    await files.file("denoiser.bin", await denoiser.state());
    await files.file("detector.bin", detector.state());
    const { frames } = this;
    const place: Place = { input: this.#input, frames, speech: segments.place, lengths: output.lengths };
    await files.json("place.json", place);
  }

  /** The sound is over: the results are whole. */
  async finish(): Promise<void> {
    const { segments, output } = this.#parts;
    const over = segments.close();
    if (over) await output.segment(over);
    await output.finish();
  }
}
