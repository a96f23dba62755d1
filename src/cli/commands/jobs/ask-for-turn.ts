/** `ask --gpu 0 --for 2h [JOB]`: requests a turn on a GPU that another user's supervised job holds. */

import { ask as request } from "../../../control/client.ts";
import { misuse } from "../../../refusal.ts";
import { durationMs } from "../../parse-time.ts";
import { print } from "../../print.ts";
import { askedBy, mustConnect, type Options } from "../../supervisors/connect.ts";

export interface AskOptions extends Options {
  gpu?: string;
  for: string;
}

export async function askForTurn(job: string | undefined, options: AskOptions): Promise<number> {
  const { gpu } = options;
  if (gpu === undefined) throw misuse("Which GPU? Give its index or UUID: supervisor ask --gpu 0 --for 2h");
  const forMs = durationMs(options.for, "--for");
  const client = await mustConnect(options);
  try {
    const asked = { verb: "turn" as const, gpu, forMs, by: askedBy(), ...(job !== undefined && { job }) };
    const result = (await request(client, asked)) as { job: string; holder: string };
    print(
      `asked ${result.holder} for a turn of ${options.for} for '${result.job}'; its supervisor or its owner decides`,
    );
    return 0;
  } finally {
    client.close();
  }
}
