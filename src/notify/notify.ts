/**
 * Sends events to webhooks and commands, as `notify` in the config says. No tick ever waits for it: each
 * target has a short queue, one message under way and a deadline. A failure is shown as a problem until
 * a message gets through again, and changes nothing else. Holds no secret: values of `env:NAME` are read
 * when a message is sent, and appear in no message or problem.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Notify } from "../config/schema/schema.ts";
import type { AuditEvent } from "../model/event.ts";
import { Target } from "./target.ts";

/** How long the supervisor's exit waits for messages under way. */
const LAST_WAIT_MS = 8000;

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
      this.#target(how).tell(event);
    }
  }

  /** What a person should know now, about the targets that are still in the config. */
  get problems(): string[] {
    const wanted = new Set(this.#settings().map(keyOf));
    return [...this.#targets].flatMap(([key, target]) => (wanted.has(key) ? (target.problem ?? []) : []));
  }

  /** Accepts no more events, gives what waits a last try and a moment, then aborts it. */
  async close(): Promise<void> {
    this.#closed = true;
    const all = Promise.all([...this.#targets.values()].map((target) => target.close()));
    await Promise.race([all, sleep(LAST_WAIT_MS, null, { ref: false })]);
    this.#end.abort();
    await all;
  }

  #target(how: Notify): Target {
    const key = keyOf(how);
    const target = this.#targets.get(key) ?? new Target(how, this.#end.signal);
    this.#targets.set(key, target);
    return target;
  }
}

/** Whichever events and jobs it is for, which each event is compared with. */
const keyOf = ({ on: _, jobs: __, ...how }: Notify): string => JSON.stringify(how);
