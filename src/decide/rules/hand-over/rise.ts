/** Whose use rose while a run was at work, and how much of that there is at a tick. Pure. */
import type { Companion, OthersUsed, Rise, Uses } from "../../world.ts";

/** What is worth telling, in percent of the machine or of a GPU, and the most of it that the job itself may use beside. */
export const LEAST_RISE = 10;
const IDLE = 0.2;

/** The most that has risen and stayed: of a program, or else of others together. Null: nothing. */
export function riseOf({ before, together, programs, own, readings }: Companion): Rise | "unknown" | null {
  const ofProgram = (command: string): number | undefined =>
    before.programs?.uses[command] ?? before.programs?.unlisted;
  const found =
    mostRisen(programs.least, ofProgram, true) ?? mostRisen(together.least, (of) => before.most[of], false);
  // Where others' processes can be seen, a run beside which nobody looked at them says nothing against it.
  const isSeen = (before.programs === undefined ? together : programs).least !== undefined;
  if (found === null) return isSeen ? null : "unknown";
  return own / readings <= IDLE * (found.to - found.from) ? found : null;
}

/** What wasn't known before hasn't risen. */
function mostRisen(
  least: Uses | undefined,
  fromOf: (of: string) => number | undefined,
  isProgram: boolean,
): Rise | null {
  const rises = Object.entries(least ?? {}).flatMap(([of, to]): Rise[] => {
    const from = fromOf(of);
    return from !== undefined && to - from >= LEAST_RISE ? [{ of, isProgram, from, to }] : [];
  });
  return rises.sort((a, b) => b.to - b.from - (a.to - a.from))[0] ?? null;
}

/** The most that it may be; null where this tick doesn't tell. */
export function usedBy({ of, isProgram }: Rise, before: OthersUsed, now: OthersUsed): number | null {
  if (!isProgram) return now.most[of] ?? null;
  if (now.programs === undefined || now.programs === before.programs) return null;
  return now.programs.uses[of] ?? now.programs.unlisted;
}
