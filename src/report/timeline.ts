/** One job's spans, built event by event. */
import type { AuditEvent } from "../model/event.ts";
import { holdsRun, type KnownJob, type Span, type SpanState } from "./span.ts";
import { isCancelling, isSecondChance, mayBeFinal, stateAfter } from "./state-after.ts";

/** Samples are written every few seconds, and thinned to one a minute. */
export const SILENCE_MS = 150_000;
/** What a supervisor tells of a run so soon after its start, it found: of one that shows nothing, after 30 s. */
const FIRST_LOOKS_MS = 60_000;

type Open = Omit<Span, "toMs">;

/** From the last sign of a supervisor to the start of the next one. */
interface Absence {
  fromMs: number;
  toMs: number;
}

export class Timeline {
  readonly #spans: Span[] = [];
  #open: Open | null = null;
  #cancelling = false;
  /** It waits after a failure, and may have been left failed. */
  #hasFailed = false;
  /** Between two supervisors, while it had a run: nobody knows yet whether that went on. */
  #absence: Absence | null = null;

  take(event: AuditEvent): void {
    const before = { state: this.#open?.state ?? null, cancelling: this.#cancelling };
    const state = stateAfter(event, before);
    if (isCancelling(event, before)) this.#cancelling = true;
    const atMs = Date.parse(event.at);
    const cause = causeOf(event, this.#open);
    if (this.#absence !== null && wasFound(event, state, this.#absence, atMs))
      this.#unwatchedFrom(
        this.#absence.fromMs,
        "No supervisor watched it until the next one found what had become of it.",
      );
    if (state === null) return;
    this.#absence = null;
    this.#cancelling = false;
    if (isSecondChance(event) && this.#open !== null && this.#hasFailed)
      this.#open = { ...this.#open, state: "ended" };
    this.#hasFailed = state === "waiting" && mayBeFinal(event);
    if (this.#open === null) this.#beganBefore(event, atMs);
    this.#become({
      state,
      fromMs: atMs,
      ...cause,
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
    const fromMs = this.#lastSeenMs(lastSignMs ?? this.#open.fromMs, this.#open);
    if (fromMs < atMs) this.#absence = { fromMs, toMs: atMs };
  }

  /** All spans; what comes after its end isn't one. */
  end({ untilMs, lastSignMs, known }: End): Span[] {
    const last = this.#open;
    if (last === null) return this.#spans;
    // An event of a job that is left failed reads like one that is tried again.
    const hasEnded = last.state === "waiting" && known?.state === "failed" && known.sinceMs <= untilMs;
    if (last.state === "ended" || hasEnded || (known?.gone && !holdsRun(last.state))) return this.#spans;
    if (holdsRun(last.state) && untilMs - lastSignMs > SILENCE_MS)
      this.#unwatchedFrom(this.#lastSeenMs(lastSignMs, last), "No supervisor has looked at it since.");
    this.#close(untilMs);
    return this.#spans;
  }

  /** Before the last sign, where that is of a supervisor that was gone again before its first look. */
  #lastSeenMs(lastSignMs: number, open: Open): number {
    const absence = this.#absence;
    const hasLooked = absence === null || lastSignMs - absence.toMs > FIRST_LOOKS_MS;
    return hasLooked ? Math.max(lastSignMs, open.fromMs) : absence.fromMs;
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
    // A clock that was set back must neither give a span a negative length nor count a moment twice.
    const fromMs = Math.max(next.fromMs, this.#open?.fromMs ?? Number.NEGATIVE_INFINITY);
    this.#close(fromMs);
    this.#open = { ...next, fromMs };
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

/** Whether a supervisor that is back found its run over, or its pause or resume complete; nobody knows since when. */
function wasFound(
  { kind, actor }: AuditEvent,
  state: SpanState | null,
  { fromMs, toMs }: Absence,
  atMs: number,
): boolean {
  const isLate = atMs - toMs > FIRST_LOOKS_MS && actor !== "recovery";
  if (state === null || isLate) return false;
  if (kind === "job.lost") return true;
  const isChange = !holdsRun(state) || kind === "pause.completed" || kind === "resume.completed";
  return isChange && toMs - fromMs > SILENCE_MS;
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
