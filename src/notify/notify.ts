/**
 * Tells events to the outside, as `notify` in the config says. Never waited for, never in a tick's
 * way: each target has a short queue, one message under way and a deadline; what fails is a problem
 * to show, said once until it works again, and changes nothing else. Knows no secret: values of
 * `env:NAME` are read when a message is sent, and are in nothing that is said.
 */
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Notify } from "../config/schema/schema.ts";
import type { AuditEvent } from "../model/event.ts";
import { notifyCommand } from "./command.ts";
import { notifyWebhook } from "./webhook.ts";

/** Of one target; the oldest go first, since the newest is news. */
const MOST_WAITING = 100;
/** At the end of the supervisor, for what is still on its way. */
const LAST_WAIT_MS = 3000;

interface Target {
  how: Notify;
  waiting: string[];
  sending: Promise<void> | null;
  /** Why the last one failed; null while all is well. */
  failure: string | null;
  /** Messages that nobody will get, since it last worked. */
  lost: number;
}

export class Notifier {
  readonly #settings: () => Notify[];
  readonly #targets = new Map<string, Target>();
  readonly #end = new AbortController();
  #closed = false;

  /** `settings` is asked anew for every event, so that an edited config counts at once. */
  constructor(settings: () => Notify[]) {
    this.#settings = settings;
  }

  /** Returns at once and never throws. */
  tell(event: AuditEvent): void {
    if (this.#closed) return;
    for (const how of this.#settings()) {
      if (!how.on.includes(event.kind)) continue;
      if (how.jobs !== undefined && (event.job === null || !how.jobs.includes(event.job))) continue;
      const target = this.#target(how);
      target.waiting.push(messageOf(event));
      if (target.waiting.length > MOST_WAITING) {
        target.waiting.shift();
        target.lost++;
        target.failure ??= "it is too slow for so many events";
      }
      target.sending ??= this.#send(target);
    }
  }

  /** What a person should know now; targets that are no longer in the config aren't their concern. */
  get problems(): string[] {
    const wanted = new Set(this.#settings().map(keyOf));
    return [...this.#targets].flatMap(([key, { how, failure, lost }]) =>
      failure === null || !wanted.has(key)
        ? []
        : [`Events aren't told to ${nameOf(how)}: ${failure}. ${lost} not told; nothing else is affected.`],
    );
  }

  /** Takes no more, gives what is on its way a moment, and leaves nothing behind. */
  async close(): Promise<void> {
    this.#closed = true;
    const sending = [...this.#targets.values()].flatMap((target) => target.sending ?? []);
    const all = Promise.all(sending);
    if (sending.length > 0) await Promise.race([all, sleep(LAST_WAIT_MS, null, { ref: false })]);
    this.#end.abort();
    await all;
  }

  #target(how: Notify): Target {
    const key = keyOf(how);
    const target = this.#targets.get(key) ?? { how, waiting: [], sending: null, failure: null, lost: 0 };
    this.#targets.set(key, target);
    return target;
  }

  async #send(target: Target): Promise<void> {
    const { how } = target;
    const { signal } = this.#end;
    for (let message = target.waiting.shift(); message !== undefined; message = target.waiting.shift()) {
      if (signal.aborted) break;
      const failure = await (how.command === undefined ? notifyWebhook : notifyCommand)(how, message, signal);
      target.failure = failure;
      target.lost = failure === null ? 0 : target.lost + 1;
    }
    target.sending = null;
  }
}

const keyOf = (how: Notify): string => JSON.stringify([how.command, how.webhook, how.headers]);

/** The URL itself may be the secret. */
const nameOf = ({ command, webhook }: Notify): string =>
  command !== undefined
    ? `'${command[0]}'`
    : webhook?.startsWith("env:")
      ? `the webhook of ${webhook}`
      : "the webhook";

/** The event as it is in the audit log, with a line that chats show as it is. */
function messageOf(event: AuditEvent): string {
  const host = hostname();
  const about = event.job === null ? "" : `${event.job}: `;
  return JSON.stringify({ schemaVersion: 1, host, text: `${host}: ${about}${event.reason}`, ...event });
}
