/**
 * The cleaned WAV and the segments of speech. While they grow they are named `….part`: nothing half-written
 * has the name of a whole. What a checkpoint counts is on the disk, and what came after it is cut off.
 */
import { existsSync } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Segment } from "./segments.ts";
import { Unusable } from "./unusable.ts";
import { HEADER_BYTES, wavHeader } from "./wav.ts";

/** How long both are by now, in bytes. */
export interface Lengths {
  cleaned: number;
  segments: number;
}

/** One file that only grows. */
class Part {
  readonly #path: string;
  readonly #file: FileHandle;
  length: number;

  private constructor(path: string, file: FileHandle, length: number) {
    this.#path = path;
    this.#file = file;
    this.length = length;
  }

  /** @param length what is kept of it; null begins it anew */
  static async open(path: string, length: number | null): Promise<Part> {
    const part = `${path}.part`;
    if (length === null) await rm(path, { force: true });
    // Killed between taking its name and the end of the process: it is in the making again.
    else if (!existsSync(part) && existsSync(path)) await rename(path, part);
    const file = await open(part, length === null ? "w+" : "r+").catch((error: NodeJS.ErrnoException) => {
      throw new Unusable(
        `can't go on with ${part}: ${error.code === "ENOENT" ? "it is gone" : error.message}`,
      );
    });
    const { size } = await file.stat();
    if (size < (length ?? 0))
      throw new Unusable(`can't go on with ${part}: it is shorter than its checkpoint`);
    await file.truncate(length ?? 0);
    return new Part(path, file, length ?? 0);
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; )
      done += (await this.#file.write(bytes, done, bytes.length - done, this.length + done)).bytesWritten;
    this.length += bytes.length;
  }

  async begin(bytes: Uint8Array): Promise<void> {
    await this.#file.write(bytes, 0, bytes.length, 0);
  }

  async flush(): Promise<void> {
    await this.#file.sync();
  }

  async finish(): Promise<void> {
    await this.#file.sync();
    await this.#file.close();
    await rename(`${this.#path}.part`, this.#path);
  }
}

export class Output {
  readonly #cleaned: Part;
  readonly #segments: Part;

  private constructor(cleaned: Part, segments: Part) {
    this.#cleaned = cleaned;
    this.#segments = segments;
  }

  /**
   * @param lengths of the checkpoint; null begins anew
   * @throws Unusable if less is there than the checkpoint counts
   */
  static async open(folder: string, lengths: Lengths | null): Promise<Output> {
    await mkdir(folder, { recursive: true });
    const cleaned = await Part.open(join(folder, "cleaned.wav"), lengths?.cleaned ?? null);
    const segments = await Part.open(join(folder, "segments.jsonl"), lengths?.segments ?? null);
    if (lengths === null) await cleaned.append(wavHeader(0));
    return new Output(cleaned, segments);
  }

  get lengths(): Lengths {
    return { cleaned: this.#cleaned.length, segments: this.#segments.length };
  }

  async sound(samples: Int16Array): Promise<void> {
    await this.#cleaned.append(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
  }

  async segment(segment: Segment): Promise<void> {
    await this.#segments.append(Buffer.from(`${JSON.stringify(segment)}\n`));
  }

  /** Everything written is on the disk. */
  async flush(): Promise<void> {
    await Promise.all([this.#cleaned.flush(), this.#segments.flush()]);
  }

  /** Both are whole, and take their names. */
  async finish(): Promise<void> {
    await this.#cleaned.begin(wavHeader(this.#cleaned.length - HEADER_BYTES));
    await this.#segments.finish();
    await this.#cleaned.finish();
  }
}
