/**
 * How often a test with random or repeated rounds runs them: a fifth by default, so that `npm test` takes
 * minutes, and all of them where SUPERVISOR_TEST_FULL=1, as in CI. Every scenario runs either way.
 */
const full = process.env.SUPERVISOR_TEST_FULL === "1";

/** Of `inFull` rounds those to run now, at least `least`: what one run of the test needs to mean something. */
export const rounds = (inFull: number, least = 1): number =>
  full ? inFull : Math.min(inFull, Math.max(least, Math.ceil(inFull / 5)));
