/** How far a checkpoint has come on its way to its backup, or back. Pure. */
import type { Why } from "../../model/why.ts";
import { sizeOf } from "../size.ts";

const MIB = 1_048_576;

/** The answer to "why?", with "backing up 3.1 of 8.0 GiB" after it where that is so. */
export function andCopying(answer: string, { state, copying }: Pick<Why, "state" | "copying">): string {
  if (copying === undefined) return answer;
  const { verb, bytes, of } = copying;
  const amount = sizeOf(bytes / MIB, of / MIB);
  // That it is fetched is the last thing that the job waits for.
  if (verb === "restore") return `${answer}; ${amount} are here`;
  if (answer === "") return `backing up ${amount}`;
  if (/[.!?]$/.test(answer)) return `${answer} Backing up ${amount}.`;
  return state === "running" ? `${answer}; backing up ${amount}` : `${answer}. Backing up ${amount}.`;
}
