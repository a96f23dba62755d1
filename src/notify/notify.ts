/**
 * Sends events to webhooks and commands, as `notify` in the config says. No tick ever waits for it: each
 * target has a short queue, one message under way and a deadline. A failure is shown as a problem until
 * a message gets through again, and changes nothing else. Holds no secret: values of `env:NAME` are read
 * when a message is sent, and appear in no message or problem.
 */
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Notify } from "../config/schema/schema.ts";
import type { AuditEvent } from "../model/event.ts";
import { notifyCommand } from "./command.ts";
import { notifyWebhook } from "./webhook.ts";

/** Longest queue of a target; drops the oldest first. */
const MOST_WAITING = 100;
/** How long the supervisor's exit waits for messages under way. */
const LAST_WAIT_MS = 3000;

interface Target {
  how: Notify;
  waiting: string[];
  sending: Promise<void> | null;
  /** Why the last message failed; null after one that got through. */
  reason: string | null;
  /** Messages dropped or failed since one last got through. */
  lost: number;
}

export class Notifier {
  readonly #settings: () => Notify[];
  readonly #targets = new Map<string, Target>();
  readonly #end = new AbortController();
  #closed = false;

  /** Calls `settings` for every event, so that an edited config takes effect at once. */
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
        target.reason ??= "it is too slow for this many events";
      }
      target.sending ??= this.#send(target);
    }
  }

  /** What a person should know now, about the targets that are still in the config. */
  get problems(): string[] {
    const wanted = new Set(this.#settings().map(keyOf));
    return [...this.#targets].flatMap(([key, { how, reason, lost }]) =>
      reason === null || !wanted.has(key)
        ? []
        : [`Events don't reach ${nameOf(how)}: ${reason}. ${lost} not sent; nothing else is affected.`],
    );
  }

  /** Accepts no more events, gives messages under way a moment, then aborts them. */
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
    const target = this.#targets.get(key) ?? { how, waiting: [], sending: null, reason: null, lost: 0 };
    this.#targets.set(key, target);
    return target;
  }

  async #send(target: Target): Promise<void> {
    const { how } = target;
    const { signal } = this.#end;
    for (let message = target.waiting.shift(); message !== undefined; message = target.waiting.shift()) {
      if (signal.aborted) break;
      const reason = await (how.command === undefined ? notifyWebhook : notifyCommand)(how, message, signal);
      target.reason = reason;
      target.lost = reason === null ? 0 : target.lost + 1;
    }
    target.sending = null;
  }
}

const keyOf = (how: Notify): string => JSON.stringify([how.command, how.webhook, how.headers]);

/** Without the URL, which may itself be secret. */
const nameOf = ({ command, webhook }: Notify): string =>
  command !== undefined
    ? `'${command[0]}'`
    : webhook?.startsWith("env:")
      ? `the webhook of ${webhook}`
      : "the webhook";

/** The event as in the audit log, with `text`, the field that chat services display. */
function messageOf(event: AuditEvent): string {
  const host = hostname();
  const about = event.job === null ? "" : `${event.job}: `;
  return JSON.stringify({ schemaVersion: 1, host, text: `${host}: ${about}${event.reason}`, ...event });
}
