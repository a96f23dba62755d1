/** Names another supervisor's job in a sentence. Never decides anything. */
import type { Claim } from "../../model/machine.ts";

/** "bob's 'asr-ft'"; of another supervisor of our own user: "your 'train' in ~/tts". */
export function whose({ user, job, place }: Pick<Claim, "user" | "job" | "place">): string {
  if (place === undefined) return `${user}'s '${job}'`;
  return place === "" ? `your '${job}'` : `your '${job}' in ${place}`;
}
