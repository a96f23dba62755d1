/**
 * A filter that lets low tones pass: a sinc under Hamming's window. Apply it by the sum of tap × sample.
 * @param cutHz where it lets half pass
 * @param length an odd number of taps; the sound comes out (length − 1) / 2 samples later
 */
export function lowPass(cutHz: number, rateHz: number, length: number): Float64Array {
  const middle = (length - 1) / 2;
  const taps = Float64Array.from({ length }, (_, i) => {
    const x = (2 * Math.PI * cutHz * (i - middle)) / rateHz;
    const sinc = x === 0 ? 1 : Math.sin(x) / x;
    return sinc * (0.54 - 0.46 * Math.cos((2 * Math.PI * i) / (length - 1)));
  });
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
}
