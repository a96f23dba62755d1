/**
 * A random generator whose whole state is four numbers, so that a resumed run draws exactly what an
 * uninterrupted one would have drawn. Math.random can't be saved; nothing in this job may use it.
 */
export type RandomState = [number, number, number, number];

/** sfc32 by Chris Doty-Humphrey, from PractRand (public domain). */
export class Random {
  state: RandomState;

  constructor(seed: number | RandomState) {
    this.state = typeof seed === "number" ? [0x9e3779b9, 0x243f6a88, seed | 0, 1] : [...seed];
    if (typeof seed === "number") for (let i = 0; i < 12; i++) this.next();
  }

  /** Uniform in [0, 1). */
  next(): number {
    const [a, b, c, d] = this.state;
    const sum = (a + b + d) | 0;
    this.state = [b ^ (b >>> 9), (c + (c << 3)) | 0, (((c << 21) | (c >>> 11)) + sum) | 0, (d + 1) | 0];
    return (sum >>> 0) / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** The numbers 0 … length − 1 in random order. */
  permutation(length: number): number[] {
    const order = Array.from({ length }, (_, i) => i);
    for (let i = length - 1; i > 0; i--) {
      const j = Math.floor(this.next() * (i + 1));
      [order[i], order[j]] = [order[j] as number, order[i] as number];
    }
    return order;
  }
}
