/**
 * The recordings and the batches drawn from them. The place in the data and the random state are
 * one small value that goes into the checkpoint, so a resumed run sees the very next batch.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BANDS, FRAMES, logMel, SAMPLES } from "./log-mel.ts";
import { Random, type RandomState } from "./random.ts";

export interface Recording {
  /** Index into `words`. */
  label: number;
  heldOut: boolean;
  /** −1 … 1 at 8 kHz. */
  samples: Float32Array;
}

export interface Batch {
  /** size × FRAMES × BANDS values. */
  pictures: Float32Array;
  labels: number[];
}

/** What a checkpoint keeps of the data. */
export interface Place {
  random: RandomState;
  order: number[];
  next: number;
  epoch: number;
}

const WAV_HEADER_BYTES = 44;
const PICTURE = FRAMES * BANDS;

export function loadRecordings(folder: string): { words: string[]; recordings: Recording[] } {
  const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as {
    words: string[];
    recordings: { word: string; split: string; start: number; samples: number }[];
  };
  const sound = readFileSync(join(folder, "recordings.wav")).subarray(WAV_HEADER_BYTES);
  const recordings = index.recordings.map(({ word, split, start, samples }) => ({
    label: index.words.indexOf(word),
    heldOut: split === "heldOut",
    samples: Float32Array.from(sound.subarray(start, start + samples), (byte) => (byte - 128) / 128),
  }));
  return { words: index.words, recordings };
}

/** Endless shuffled batches, each recording a little different every time. */
export class Batches {
  readonly place: Place;
  private readonly recordings: Recording[];
  private readonly random: Random;
  private readonly room = new Float32Array(SAMPLES);

  constructor(recordings: Recording[], start: { seed: number } | Place) {
    this.recordings = recordings;
    this.random = new Random("seed" in start ? start.seed : start.random);
    const order = "seed" in start ? this.random.permutation(recordings.length) : start.order;
    this.place =
      "seed" in start
        ? { random: this.random.state, order, next: 0, epoch: 0 }
        : { ...start, order: [...order] };
  }

  next(size: number): Batch {
    const pictures = new Float32Array(size * PICTURE);
    const labels: number[] = [];
    for (let i = 0; i < size; i++) {
      const recording = this.recordings[this.draw()] as Recording;
      this.vary(recording.samples);
      logMel(this.room, pictures, i * PICTURE);
      labels.push(recording.label);
    }
    this.place.random = this.random.state;
    return { pictures, labels };
  }

  private draw(): number {
    const { place } = this;
    if (place.next === place.order.length) {
      place.order = this.random.permutation(this.recordings.length);
      place.next = 0;
      place.epoch += 1;
    }
    return place.order[place.next++] as number;
  }

  /** Another speed, place, loudness and background noise: few voices then go a long way. */
  private vary(samples: Float32Array): void {
    const speed = this.random.between(0.85, 1.15);
    const length = Math.min(SAMPLES, Math.floor((samples.length - 1) / speed));
    const start = Math.floor(this.random.next() * (SAMPLES - length));
    const gain = this.random.between(0.4, 1.2);
    const noise = this.random.between(0, 0.03);
    for (let i = 0; i < SAMPLES; i++) this.room[i] = noise * this.random.between(-1, 1);
    for (let i = 0; i < length; i++) {
      const at = i * speed;
      const before = samples[Math.floor(at)] as number;
      const after = samples[Math.floor(at) + 1] as number;
      this.room[start + i] = (this.room[start + i] as number) + gain * (before + (after - before) * (at % 1));
    }
  }
}

/** Every recording once, unvaried, in the middle of its picture. */
export function plainBatch(recordings: Recording[]): Batch {
  const pictures = new Float32Array(recordings.length * PICTURE);
  recordings.forEach(({ samples }, i) => {
    const room = new Float32Array(SAMPLES);
    room.set(samples.subarray(0, SAMPLES), Math.max(0, (SAMPLES - samples.length) >> 1));
    logMel(room, pictures, i * PICTURE);
  });
  return { pictures, labels: recordings.map(({ label }) => label) };
}
