/** Asks something of one or more jobs. Those that it can't apply to are told at once, as if each were named alone. */
import { ask, type ControlClient } from "../control/client.ts";
import type { Request } from "../control/protocol.ts";
import type { PassedOver } from "../decide/manual-request.ts";
import { say } from "./print.ts";

export interface Asked {
  /** Names of the jobs that it applies to. */
  asked: string[];
  /** How many it doesn't apply to. */
  passedOver: number;
}

/** Says, too, where the runs that were asked for aren't those of the config as it is written now. */
export async function askJobs(
  client: ControlClient,
  request: Extract<Request, { verb: "pause" | "resume" | "rerun" | "cancel" }> & { jobs: string[] },
): Promise<Asked> {
  // A supervisor of an older version doesn't tell whom it has passed over.
  const answer = (await ask(client, request)) as { passedOver?: PassedOver[]; unread?: string };
  const { passedOver = [], unread } = answer;
  if (unread !== undefined) say(unread);
  for (const { why } of passedOver) say(why);
  const names = new Set(passedOver.map(({ job }) => job));
  return { asked: request.jobs.filter((name) => !names.has(name)), passedOver: names.size };
}
