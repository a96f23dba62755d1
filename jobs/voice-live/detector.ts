/**
 * Silero VAD, a recurrent network that tells speech from everything else, run by ONNX in WebAssembly.
 * It hears 16 kHz in windows of 32 ms; what comes in at 48 kHz is filtered and thinned out first.
 */
import type * as Ort from "onnxruntime-web";
import { lowPass } from "./low-pass.ts";
import { load, read } from "./packages.ts";

const THINNING = 3;
const RATE = 16_000;
/** What the network takes at a time, behind the last samples of the window before. */
const WINDOW = 512;
const BEFORE = 64;
const STATE = 256;
/** Below the 8 kHz that 16,000 samples a second can hold. */
const TAPS = lowPass(7200, 48_000, 49);
const PAST = TAPS.length - 1;

export const WINDOW_SECONDS = WINDOW / RATE;

type Runtime = Pick<typeof Ort, "env" | "InferenceSession" | "Tensor">;

export class Detector {
  readonly #ort: Runtime;
  readonly #session: Ort.InferenceSession;
  readonly #rate: Ort.Tensor;
  /** The last samples at 48 kHz, for the filter. */
  #past = new Float32Array(PAST);
  #state = new Float32Array(STATE);
  /** BEFORE samples that were heard, then those that wait for their window to fill. */
  #room = new Float32Array(BEFORE + WINDOW);
  #waiting = 0;

  private constructor(ort: Runtime, session: Ort.InferenceSession) {
    this.#ort = ort;
    this.#session = session;
    this.#rate = new ort.Tensor("int64", BigInt64Array.of(BigInt(RATE)), []);
  }

  /** @param state what `state` gave; null for silence so far */
  static async open(state: Buffer | null): Promise<Detector> {
    const ort = await load<Runtime>("onnxruntime-web/wasm");
    // More threads would be workers that outlive the sound, and gain nothing on so small a network.
    ort.env.wasm.numThreads = 1;
    const model = await read("@ricky0123/vad-web/dist/silero_vad_v6.onnx");
    const detector = new Detector(ort, await ort.InferenceSession.create(model));
    if (state) detector.#restore(state);
    return detector;
  }

  /**
   * @param samples 48 kHz, in units of a 16-bit sample, a multiple of 3 of them
   * @returns for each window that they filled, the probability of speech in it
   */
  async hear(samples: Float32Array): Promise<number[]> {
    const heard: number[] = [];
    const line = new Float32Array(PAST + samples.length);
    line.set(this.#past);
    line.set(samples, PAST);
    this.#past = line.slice(samples.length);
    for (let at = 0; at < samples.length; at += THINNING) {
      let sum = 0;
      for (let tap = 0; tap < TAPS.length; tap++) sum += (TAPS[tap] as number) * (line[at + tap] as number);
      this.#room[BEFORE + this.#waiting++] = sum / 32768;
      if (this.#waiting === WINDOW) heard.push(await this.#judge());
    }
    return heard;
  }

  /** All that it remembers, as 32-bit floats. */
  state(): Buffer {
    const waiting = this.#room.subarray(0, BEFORE + this.#waiting);
    return Buffer.concat([this.#past, this.#state, waiting].map(bytesOf));
  }

  #restore(bytes: Buffer): void {
    const all = new Float32Array(Uint8Array.from(bytes).buffer);
    this.#past = all.slice(0, PAST);
    this.#state = all.slice(PAST, PAST + STATE);
    this.#room.set(all.subarray(PAST + STATE));
    this.#waiting = all.length - PAST - STATE - BEFORE;
  }

  async #judge(): Promise<number> {
    const { Tensor } = this.#ort;
    const results = await this.#session.run({
      input: new Tensor("float32", this.#room, [1, this.#room.length]),
      state: new Tensor("float32", this.#state, [2, 1, STATE / 2]),
      sr: this.#rate,
    });
    const [heard, state] = ["output", "stateN"].map((name) => results[name]?.data as Float32Array);
    this.#state = Float32Array.from(state as Float32Array);
    this.#room.copyWithin(0, WINDOW);
    this.#waiting = 0;
    return heard?.[0] as number;
  }
}

const bytesOf = (floats: Float32Array): Buffer =>
  Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength);
