/**
 * The sound to clean, in frames of 10 ms: of a WAV file, or of one that still grows (a WAV, or bare
 * samples in a file named .raw). The last frame is filled up with silence.
 */
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { FRAME_SAMPLES } from "./denoiser.ts";
import { Unusable } from "./unusable.ts";
import { BYTES_PER_SAMPLE, RATE, readHeader, type Sound } from "./wav.ts";

const FRAME_BYTES = FRAME_SAMPLES * BYTES_PER_SAMPLE;
/** A header with a long comment in it is still found. */
const HEAD_BYTES = 1 << 16;
const LOOK_EVERY_MS = 5;

export interface Frame {
  /** FRAME_SAMPLES of them, in units of a 16-bit sample. */
  samples: Float32Array;
  /** How many of them are sound; fewer only in the last frame. */
  filled: number;
}

export interface Following {
  /** A file that hasn't grown for so long is over, in seconds. */
  idleSeconds: number;
}

export class Source {
  readonly name: string;
  readonly #file: FileHandle;
  readonly #following: Following | null;
  #sound: Sound;

  private constructor(path: string, file: FileHandle, sound: Sound, following: Following | null) {
    this.name = basename(path);
    this.#file = file;
    this.#sound = sound;
    this.#following = following;
  }

  /**
   * @param following null: the whole file is there
   * @throws Unusable for a file that isn't there, isn't such a WAV, or is shorter than it says
   */
  static async open(path: string, following: Following | null): Promise<Source> {
    const file = await open(path).catch((error: NodeJS.ErrnoException) => {
      const why = error.code === "ENOENT" ? "there is no such file" : error.message;
      throw new Unusable(`can't read ${path}: ${why}`);
    });
    const stats = await file.stat();
    if (!stats.isFile()) throw new Unusable(`can't read ${path}: it isn't a file`);
    const raw: Sound = { offset: 0, bytes: null };
    const source = new Source(path, file, raw, following);
    if (!path.endsWith(".raw")) await source.#begin();
    if (following === null) await source.#expectWhole();
    return source;
  }

  /** The frame at `index`; waits for it in a file that grows. null after the last one. */
  async frame(index: number): Promise<Frame | null> {
    const at = index * FRAME_BYTES;
    const bytes = Math.min(FRAME_BYTES, (await this.#there(at + FRAME_BYTES)) - at);
    const filled = Math.max(0, Math.floor(bytes / BYTES_PER_SAMPLE));
    if (filled === 0) return null;
    const read = Buffer.alloc(FRAME_BYTES);
    await this.#file.read(read, 0, filled * BYTES_PER_SAMPLE, this.#sound.offset + at);
    const samples = Float32Array.from({ length: FRAME_SAMPLES }, (_, i) => read.readInt16LE(2 * i));
    return { samples, filled };
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** Bytes of sound that can be read: `wanted` or more, or all that there will ever be. */
  async #there(wanted: number): Promise<number> {
    let grewAt = performance.now();
    for (let before = -1; ; ) {
      const bytes = await this.#bytes();
      if (bytes >= wanted || this.#following === null) return bytes;
      if (this.#sound.bytes !== null && bytes >= this.#sound.bytes) return bytes;
      if (bytes !== before) grewAt = performance.now();
      else if (performance.now() - grewAt > this.#following.idleSeconds * 1000) return bytes;
      before = bytes;
      await wait(LOOK_EVERY_MS);
      // A recorder writes the size into the header when it has finished.
      if (this.#sound.offset > 0) this.#sound = (await this.#head()) ?? this.#sound;
    }
  }

  /** Bytes of sound in the file by now, without what may follow the sound in a WAV. */
  async #bytes(): Promise<number> {
    const inFile = (await this.#file.stat()).size - this.#sound.offset;
    return Math.max(0, Math.min(inFile, this.#sound.bytes ?? inFile));
  }

  async #head(): Promise<Sound | null> {
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await this.#file.read(head, 0, HEAD_BYTES, 0);
    return readHeader(head.subarray(0, bytesRead), this.name);
  }

  async #begin(): Promise<void> {
    const giveUpAt = performance.now() + (this.#following?.idleSeconds ?? 0) * 1000;
    for (;;) {
      const found = await this.#head();
      if (found) {
        this.#sound = found;
        return;
      }
      if (performance.now() >= giveUpAt) {
        const empty = (await this.#bytes()) === 0;
        throw new Unusable(
          `${this.name} is ${empty ? "empty" : "truncated: it ends before its sound begins"}`,
        );
      }
      await wait(LOOK_EVERY_MS);
    }
  }

  async #expectWhole(): Promise<void> {
    const promised = this.#sound.bytes;
    const there = await this.#bytes();
    if (there === 0) throw new Unusable(`${this.name} has no sound in it`);
    if (promised === null || there >= promised) return;
    const seconds = (bytes: number): string => (bytes / BYTES_PER_SAMPLE / RATE).toFixed(2);
    throw new Unusable(
      `${this.name} is truncated: its header says ${seconds(promised)} s, ${seconds(there)} s are there; --follow waits for the rest`,
    );
  }
}
