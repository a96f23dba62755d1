/**
 * Other policies, written from their documented semantics, over the same trace with the same job: the pause is
 * by checkpoint for all of them, so that policies are compared, and not what they do to a process.
 *
 * - one threshold: pauses beyond the rule's threshold, resumes this side of it, each on one sample a second.
 * - HTCondor-like (POLICY.DESKTOP): looks every 5 s at the load of the last minute; 0.5 for 120 s suspends a
 *   job that is 90 s old; 0.3 lets it go on after 10 s.
 * - BOINC-like: one sample every 10 s; more than 25 % suspends, less lets it go on after 20 s.
 * - never: never pauses.
 * - oracle: knows the future. It is gone when a need begins, and uses each gap that is worth loading for.
 */

export interface Outcome {
  pressureS: number;
  workS: number;
  pauses: number;
  overheadS: number;
}

export interface Terms {
  saveS: number;
  loadS: number;
  isBeyond: (value: number) => boolean;
}

/** True: it should run; false: it shouldn't; null: as it is. `sinceS`: how long it has run, or been paused. */
type Policy = (second: number, values: Float32Array, running: boolean, sinceS: number) => boolean | null;

export const oneThreshold =
  ({ isBeyond }: Terms): Policy =>
  (second, values) =>
    !isBeyond(values[second] ?? 0);

export function condorLike(): Policy {
  let [load, busyS] = [0, 0];
  return (second, values, running, sinceS) => {
    // The kernel's load of one minute, of one processor.
    load += ((values[second] ?? 0) / 100 - load) / 60;
    busyS = load >= 0.5 ? busyS + 1 : 0;
    if (second % 5 !== 0) return null;
    if (running) return busyS > 120 && sinceS > 90 ? false : null;
    return load <= 0.3 && sinceS > 10 ? true : null;
  };
}

export const boincLike = (): Policy => (second, values, running, sinceS) => {
  if (second % 10 !== 0) return null;
  if ((values[second] ?? 0) > 25) return false;
  return running || sinceS >= 20 ? true : null;
};

export const never = (): Policy => () => true;

export function simulate(policy: Policy, values: Float32Array, { saveS, loadS, isBeyond }: Terms): Outcome {
  const outcome = { pressureS: 0, workS: 0, pauses: 0, overheadS: 0 };
  let [phase, left, sinceS, isFirst] = [
    "loading" as "loading" | "running" | "saving" | "paused",
    loadS,
    0,
    true,
  ];
  for (let second = 0; second < values.length; second++, sinceS++) {
    const running = phase === "running" || phase === "loading";
    const want = phase === "saving" ? null : policy(second, values, running, sinceS);
    if (want === false && running) {
      // One that loads finishes that first.
      [phase, left] = ["saving", saveS + (phase === "loading" ? left : 0)];
      outcome.pauses += 1;
    } else if (want === true && phase === "paused") [phase, left, sinceS] = ["loading", loadS, 0];
    if (phase !== "paused" && isBeyond(values[second] ?? 0)) outcome.pressureS += 1;
    if (phase === "running") outcome.workS += 1;
    if (phase === "saving" || (phase === "loading" && !isFirst)) outcome.overheadS += 1;
    if (phase === "loading" || phase === "saving") {
      left -= 1;
      if (left > 0) continue;
      if (phase === "loading") [phase, isFirst] = ["running", false];
      else [phase, sinceS] = ["paused", 0];
    }
  }
  return outcome;
}

export function oracle(values: Float32Array, { saveS, loadS, isBeyond }: Terms): Outcome {
  const outcome = { pressureS: 0, workS: 0, pauses: 0, overheadS: 0 };
  for (let at = 0; at < values.length; ) {
    const busy = isBeyond(values[at] ?? 0);
    let end = at;
    while (end < values.length && isBeyond(values[end] ?? 0) === busy) end++;
    const save = end < values.length ? saveS : 0;
    const work = end - at - loadS - save;
    if (!busy && work > 0) {
      outcome.workS += work;
      outcome.overheadS += save + (at === 0 ? 0 : loadS);
      if (save > 0) outcome.pauses += 1;
    }
    at = end;
  }
  return outcome;
}
