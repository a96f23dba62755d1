/** One job's spans, built event by event. */
import type { AuditEvent } from "../model/event.ts";
import { holdsRun, type KnownJob, type Span } from "./span.ts";
import { isCancelling, isSecondChance, mayBeFinal, stateAfter } from "./state-after.ts";

/** Samples are written every few seconds, and thinned to one a minute. */
const SILENCE_MS = 150_000;

type Open = Omit<Span, "toMs">;

export class Timeline {
  readonly #spans: Span[] = [];
  #open: Open | null = null;
  #cancelling = false;
  /** It waits after a failure, and may have been left failed. */
  #hasFailed = false;
  /** Between two supervisors, while it had a run: nobody knows yet whether that went on. */
  #absence: { fromMs: number; toMs: number } | null = null;

  take(event: AuditEvent): void {
    const before = { state: this.#open?.state ?? null, cancelling: this.#cancelling };
    const state = stateAfter(event, before);
    if (isCancelling(event, before)) this.#cancelling = true;
    // A clock that was set back must not give a span a negative length.
    const atMs = Math.max(Date.parse(event.at), this.#open?.fromMs ?? Number.NEGATIVE_INFINITY);
    if (event.kind === "job.lost") this.#wasUnwatched();
    this.#absence = null;
    if (state === null) return;
    this.#cancelling = false;
    if (isSecondChance(event) && this.#open !== null && this.#hasFailed)
      this.#open = { ...this.#open, state: "ended" };
    this.#hasFailed = state === "waiting" && mayBeFinal(event);
    if (this.#open === null) this.#beganBefore(event, atMs);
    this.#become({
      state,
      fromMs: atMs,
      ...causeOf(event, this.#open),
      run: event.run,
      gpus: gpusOf(event) ?? (holdsRun(state) ? (this.#open?.gpus ?? []) : []),
      event: event.id,
    });
  }

  /** It waits, and has never run. */
  waitsSince(fromMs: number): void {
    this.#become({
      state: "waiting",
      fromMs,
      actor: null,
      reason: "It hasn't been started yet.",
      run: null,
      gpus: [],
      event: null,
    });
  }

  supervisorIsBack(lastSignMs: number | null, atMs: number): void {
    if (this.#open === null || !holdsRun(this.#open.state)) return;
    const fromMs = Math.max(lastSignMs ?? this.#open.fromMs, this.#open.fromMs);
    if (fromMs < atMs) this.#absence = { fromMs, toMs: atMs };
  }

  /** All spans; what comes after its end isn't one. */
  end({ untilMs, lastSignMs, known }: End): Span[] {
    const last = this.#open;
    if (last === null) return this.#spans;
    // An event of a job that is left failed reads like one that is tried again.
    const hasEnded = last.state === "waiting" && known?.state === "failed" && known.sinceMs <= untilMs;
    if (last.state === "ended" || hasEnded || (known?.gone && !holdsRun(last.state))) return this.#spans;
    if (holdsRun(last.state) && untilMs - lastSignMs > SILENCE_MS && lastSignMs > last.fromMs)
      this.#unwatchedFrom(lastSignMs, "No supervisor has looked at it since.");
    this.#close(untilMs);
    return this.#spans;
  }

  #wasUnwatched(): void {
    if (this.#absence === null) return;
    this.#unwatchedFrom(
      this.#absence.fromMs,
      "No supervisor watched it, and the next one found its run gone.",
    );
  }

  #unwatchedFrom(fromMs: number, reason: string): void {
    const { run = null, gpus = [] } = this.#open ?? {};
    this.#become({ state: "unwatched", fromMs, actor: null, reason, run, gpus, event: null });
  }

  /** How long it had waited for its first recorded start. */
  #beganBefore(event: AuditEvent, atMs: number): void {
    const afterMs = event.outcome?.afterMs;
    if (typeof afterMs !== "number" || afterMs <= 0) return;
    this.waitsSince(atMs - afterMs);
    if (event.kind === "resume.requested" && this.#open !== null)
      this.#open = { ...this.#open, state: "paused", reason: "Why it was paused isn't in the audit log." };
  }

  #become(next: Open): void {
    this.#close(next.fromMs);
    this.#open = next;
  }

  #close(toMs: number): void {
    if (this.#open !== null && toMs > this.#open.fromMs) this.#spans.push({ ...this.#open, toMs });
  }
}

interface End {
  untilMs: number;
  lastSignMs: number;
  known: KnownJob | undefined;
}

/** A pause keeps the reason for which it was asked. */
function causeOf(event: AuditEvent, open: Open | null): Pick<Span, "actor" | "reason"> {
  const asked = event.kind.startsWith("pause.") && open?.state === "pausing";
  return asked ? { actor: open.actor, reason: open.reason } : { actor: event.actor, reason: event.reason };
}

function gpusOf({ outcome }: AuditEvent): string[] | null {
  const gpus = outcome?.gpus;
  return Array.isArray(gpus) ? gpus.filter((one): one is string => typeof one === "string") : null;
}
