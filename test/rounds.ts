/**
 * How often a test with random or repeated rounds runs them: a fifth by default, so that `npm test` takes
 * minutes, and all of them where SUPERVISOR_TEST_FULL=1, as in CI. Every scenario runs either way.
 */
const full = process.env.SUPERVISOR_TEST_FULL === "1";

let left = 0;

/** How many rounds and variants of this file's tests are left to the full run. */
export const leftToFullRun = (): number => left;

/** Of `inFull` rounds those to run now, at least `least`: what one run of the test needs to mean something. */
export function rounds(inFull: number, least = 1): number {
  const now = full ? inFull : Math.min(inFull, Math.max(least, Math.ceil(inFull / 5)));
  left += inFull - now;
  return now;
}

/** Of a scenario's variants those to run now: all of them, or the first `least`. One of each kind comes first. */
export function variants<Variant>(all: readonly Variant[], least = 1): readonly Variant[] {
  const now = full ? all : all.slice(0, least);
  left += all.length - now.length;
  return now;
}
