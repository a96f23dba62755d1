/** Has a supervisor read its config now. */
import { ask, type ControlClient } from "../../control/client.ts";
import { Refusal } from "../../refusal.ts";

/** The check of a config starts a process, which takes its time on a busy machine. */
const WITHIN_MS = 30_000;

/** Resolves once it is in force. Rejects with Refusal where the supervisor has problems with it, or takes too long. */
export async function readConfig(client: ControlClient, withinMs: number = WITHIN_MS): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () =>
      late.reject(
        new Refusal(
          `It is written, but the running supervisor hasn't taken it over within ${withinMs / 1000} s. Look: supervisor audit`,
        ),
      ),
    withinMs,
  );
  try {
    await Promise.race([ask(client, { verb: "read-config" }), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
