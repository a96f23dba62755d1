/**
 * One webhook or command: what waits for it, one message under way, tried again later and later while it
 * fails. With `everyMinutes` what waits is told together. Holds no secret.
 */
import { hostname } from "node:os";
import { wallMs } from "../clock.ts";
import type { Notify } from "../config/schema/schema.ts";
import type { AuditEvent } from "../model/event.ts";
import { notifyCommand } from "./command.ts";
import { type Message, messageOf } from "./message.ts";
import type { Sent } from "./sent.ts";
import { notifyWebhook } from "./webhook.ts";

/** Longest queue; drops the oldest first. */
const MOST_WAITING = 100;
/** Until the second try; doubled for each further one. */
const RETRY_MS = 1000;
const MOST_RETRY_MS = 600_000;

export class Target {
  readonly #how: Notify;
  readonly #end: AbortSignal;
  #waiting: AuditEvent[] = [];
  /** Events in the message that is being sent. */
  #underWay = 0;
  #sending: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #closing = false;
  /** Failed tries in a row. */
  #failures = 0;
  /** Why the last message failed; null after one that got through. */
  #reason: string | null = null;
  /** Events dropped since a message last got through. */
  #lost = 0;

  /** `end` aborts what is under way. */
  constructor(how: Notify, end: AbortSignal) {
    this.#how = how;
    this.#end = end;
  }

  tell(event: AuditEvent): void {
    this.#waiting.push(event);
    this.#trim();
    if (this.#timer !== null) return;
    if (this.#how.everyMinutes === undefined) this.#start();
    else this.#startIn(this.#how.everyMinutes * 60_000);
  }

  /** As a sentence; null while messages get through. */
  get problem(): string | null {
    if (this.#reason === null) return null;
    const waiting = this.#waiting.length + this.#underWay;
    const counts = [
      ...(waiting > 0 ? [`${waiting} waiting`] : []),
      ...(this.#lost > 0 ? [`${this.#lost} lost`] : []),
    ];
    return `Events don't reach ${nameOf(this.#how)}: ${this.#reason}. ${counts.join(", ")}; nothing else is affected.`;
  }

  /** Tries what waits once more, now. Resolves when that is over. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#sending;
    if (this.#waiting.length > 0) this.#start();
    await this.#sending;
  }

  #start(): void {
    this.#sending ??= this.#send();
  }

  #startIn(ms: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#start();
    }, ms);
    // The last word of a supervisor that ends is sent by close().
    this.#timer.unref();
  }

  async #send(): Promise<void> {
    const isDigest = this.#how.everyMinutes !== undefined;
    // What comes while a digest is sent waits for the next one.
    do {
      const events = isDigest ? this.#waiting.splice(0) : this.#waiting.splice(0, 1);
      this.#underWay = events.length;
      const sent = await this.#try(events);
      this.#underWay = 0;
      if (!this.#settle(sent, events)) break;
    } while (this.#waiting.length > 0 && !isDigest && !this.#end.aborted);
    this.#sending = null;
  }

  /** Whether the next message may be tried at once. */
  #settle(sent: Sent, events: AuditEvent[]): boolean {
    if (sent.ok) {
      [this.#failures, this.#reason, this.#lost] = [0, null, 0];
      return true;
    }
    this.#reason = sent.reason;
    if (!sent.again) {
      this.#lost += events.length;
      return true;
    }
    this.#waiting.unshift(...events);
    this.#trim();
    const waitMs = Math.min(MOST_RETRY_MS, RETRY_MS * 2 ** this.#failures++);
    if (!this.#closing) this.#startIn(Math.max(waitMs, sent.afterMs ?? 0));
    return false;
  }

  #try(events: AuditEvent[]): Promise<Sent> {
    const { command, format, everyMinutes } = this.#how;
    const digest = everyMinutes === undefined ? null : { dropped: this.#lost };
    const about = { host: hostname(), nowMs: wallMs(), digest };
    const message = (topic?: string): Message =>
      messageOf(events, format, { ...about, ...(topic !== undefined && { topic }) });
    return command === undefined
      ? notifyWebhook(this.#how, message, this.#end)
      : notifyCommand(this.#how, message(), this.#end);
  }

  #trim(): void {
    const many = this.#waiting.length - MOST_WAITING;
    if (many <= 0) return;
    this.#waiting.splice(0, many);
    this.#lost += many;
    this.#reason ??= "there are too many of them";
  }
}

/** Without the URL, which may itself be secret. */
function nameOf({ command, webhook }: Notify): string {
  if (command !== undefined) return `'${command[0]}'`;
  return webhook?.startsWith("env:") ? `the webhook of ${webhook}` : "the webhook";
}
