/**
 * RNNoise, a recurrent network that takes noise out of speech, with its weights inside a WebAssembly
 * module. Everything that it remembers lies in the module's memory; most of that is weights, the same in
 * every process, so its state is the pages that differ from a new module's.
 */
import { load } from "./packages.ts";

/** 10 ms at 48 kHz: what RNNoise takes at a time. What it gives back is 10 ms late. */
export const FRAME_SAMPLES = 480;
const PAGE = 4096;

interface Module {
  ready: Promise<unknown>;
  HEAPU8: Uint8Array;
  HEAPF32: Float32Array;
  _rnnoise_create(model: number): number;
  _rnnoise_process_frame(state: number, to: number, from: number): number;
  _malloc(bytes: number): number;
}

interface Instance {
  module: Module;
  state: number;
  frame: number;
}

async function create(): Promise<Instance> {
  // The package's own entry can't be loaded by Node: it imports files without their endings.
  const loaded = await load<{ default(): Module }>("@jitsi/rnnoise-wasm/dist/rnnoise-sync.js");
  const module = loaded.default();
  await module.ready;
  return { module, state: module._rnnoise_create(0), frame: module._malloc(FRAME_SAMPLES * 4) };
}

export class Denoiser {
  readonly #instance: Instance;

  private constructor(instance: Instance) {
    this.#instance = instance;
  }

  /** @param state what `state` gave; null for silence so far */
  static async open(state: Buffer | null): Promise<Denoiser> {
    const instance = await create();
    const memory = instance.module.HEAPU8;
    for (let at = 0; state && at < state.length; at += 4 + PAGE)
      memory.set(state.subarray(at + 4, at + 4 + PAGE), state.readUInt32LE(at) * PAGE);
    return new Denoiser(instance);
  }

  /** @param samples FRAME_SAMPLES, in units of a 16-bit sample; replaced by the cleaned ones */
  clean(samples: Float32Array): void {
    const { module, state, frame } = this.#instance;
    module.HEAPF32.set(samples, frame / 4);
    module._rnnoise_process_frame(state, frame, frame);
    samples.set(module.HEAPF32.subarray(frame / 4, frame / 4 + FRAME_SAMPLES));
  }

  /** For each page that has changed: its number, its bytes. */
  async state(): Promise<Buffer> {
    const fresh = (await create()).module.HEAPU8;
    const memory = this.#instance.module.HEAPU8;
    const pieces: Buffer[] = [];
    for (let page = 0; page * PAGE < memory.length; page++) {
      const bytes = Buffer.from(memory.buffer, page * PAGE, PAGE);
      if (bytes.equals(fresh.subarray(page * PAGE, (page + 1) * PAGE))) continue;
      const number = Buffer.alloc(4);
      number.writeUInt32LE(page);
      pieces.push(number, bytes);
    }
    return Buffer.concat(pieces);
  }
}
