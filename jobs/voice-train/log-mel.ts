/**
 * Sound to picture: log-mel spectrograms of 64 frames × 32 bands from one second at 8 kHz.
 * Pure arithmetic, deterministic on any machine with IEEE floats.
 */
export const RATE = 8000;
export const FRAMES = 64;
export const BANDS = 32;
const SIZE = 256;
const HOP = 128;
/** Samples that one spectrogram looks at: 1.04 s. */
export const SAMPLES = SIZE + HOP * (FRAMES - 1);

const LOWEST_HZ = 60;
const HIGHEST_HZ = 3800;

const window = Float64Array.from({ length: SIZE }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / SIZE));
const cosines = Float64Array.from({ length: SIZE / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / SIZE));
const sines = Float64Array.from({ length: SIZE / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / SIZE));
const reversed = Uint8Array.from({ length: SIZE }, (_, i) => reverseBits(i));
const filters = melFilters();

const real = new Float64Array(SIZE);
const imaginary = new Float64Array(SIZE);
const power = new Float64Array(SIZE / 2 + 1);

/**
 * @param samples SAMPLES values in −1 … 1
 * @param out receives FRAMES × BANDS values at `offset`, scaled to about −1 … 1
 */
export function logMel(samples: Float32Array, out: Float32Array, offset: number): void {
  for (let frame = 0; frame < FRAMES; frame++) {
    powerSpectrum(samples, frame * HOP);
    filters.forEach(({ first, weights }, band) => {
      let energy = 0;
      for (let i = 0; i < weights.length; i++)
        energy += (weights[i] as number) * (power[first + i] as number);
      // −50 dB of a full-scale tone is the floor of an 8-bit recording.
      out[offset + frame * BANDS + band] = (Math.log10(energy + 1e-3) + 1) / 2;
    });
  }
}

function powerSpectrum(samples: Float32Array, start: number): void {
  for (let i = 0; i < SIZE; i++) {
    const from = reversed[i] as number;
    real[i] = (samples[start + from] as number) * (window[from] as number);
    imaginary[i] = 0;
  }
  for (let span = 1; span < SIZE; span *= 2) butterflies(span);
  for (let k = 0; k < power.length; k++) power[k] = (real[k] as number) ** 2 + (imaginary[k] as number) ** 2;
}

/** One pass of the radix-2 transform, in place. */
function butterflies(span: number): void {
  const stride = SIZE / (2 * span);
  for (let group = 0; group < SIZE; group += 2 * span) {
    for (let k = 0; k < span; k++) {
      const c = cosines[k * stride] as number;
      const s = sines[k * stride] as number;
      const a = group + k;
      const b = a + span;
      const re = (real[b] as number) * c - (imaginary[b] as number) * s;
      const im = (real[b] as number) * s + (imaginary[b] as number) * c;
      real[b] = (real[a] as number) - re;
      imaginary[b] = (imaginary[a] as number) - im;
      real[a] = (real[a] as number) + re;
      imaginary[a] = (imaginary[a] as number) + im;
    }
  }
}

function reverseBits(value: number): number {
  let out = 0;
  for (let bit = 1; bit < SIZE; bit *= 2) out = out * 2 + (value & bit ? 1 : 0);
  return out;
}

/** Triangles whose centres are evenly spaced on the mel scale. */
function melFilters(): { first: number; weights: Float64Array }[] {
  const toMel = (hz: number): number => 2595 * Math.log10(1 + hz / 700);
  const toBin = (mel: number): number => ((700 * (10 ** (mel / 2595) - 1)) / RATE) * SIZE;
  const low = toMel(LOWEST_HZ);
  const step = (toMel(HIGHEST_HZ) - low) / (BANDS + 1);
  return Array.from({ length: BANDS }, (_, band) => {
    const [left, centre, right] = [0, 1, 2].map((i) => toBin(low + (band + i) * step)) as [
      number,
      number,
      number,
    ];
    // The lowest triangles are narrower than a bin; at least the nearest bin counts.
    const first = Math.min(Math.ceil(left), Math.round(centre));
    const last = Math.max(Math.floor(right), Math.round(centre));
    const weights = Float64Array.from({ length: last - first + 1 }, (_, i) => {
      const bin = first + i;
      const height = bin < centre ? (bin - left) / (centre - left) : (right - bin) / (right - centre);
      return bin === Math.round(centre) ? Math.max(height, 0.5) : Math.max(height, 0);
    });
    return { first, weights };
  });
}
