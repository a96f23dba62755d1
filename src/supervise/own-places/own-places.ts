/**
 * Looks at the supervisor's own places every few seconds, since cleaners, upgrades and people remove them
 * while it runs: makes them again and says so, or warns as long as it can't. Decides nothing about jobs.
 */
import type { Looked } from "../../files/file-identity.ts";
import type { NewEvent } from "../../model/event.ts";
import { list } from "../../words/list.ts";

/** A look costs about two dozen calls such as lstat (0.1 ms), and one for each live run. */
const EVERY_MS = 5000;

/** Looks at one place, or at several. Rejects with a bug alone. */
export type Look = () => Looked | Looked[] | Promise<Looked>;

export class OwnPlaces {
  readonly #looks: Look[];
  readonly #tell: (events: NewEvent[]) => void;
  #problems: string[] = [];
  #nextMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | null = null;

  /** `looks`, in the order in which a place needs another; `tell` records what was made again. */
  constructor(looks: Look[], tell: (events: NewEvent[]) => void) {
    this.#looks = looks;
    this.#tell = tell;
  }

  /** What can't be made again, as sentences for the user. */
  get problems(): string[] {
    return this.#problems;
  }

  /** Call at every tick. Starts a look when one is due; `onBug` is called when it throws. */
  lookIfDue(monotonicMs: number, onBug: (error: unknown) => void): void {
    if (monotonicMs < this.#nextMs || this.#looking !== null) return;
    this.#nextMs = monotonicMs + EVERY_MS;
    this.#looking = this.#look()
      .catch(onBug)
      .finally(() => {
        this.#looking = null;
      });
  }

  /** Resolves when no look is under way. Call before the places are given up. */
  async idle(): Promise<void> {
    await this.#looking;
  }

  async #look(): Promise<void> {
    const looked: Looked[] = [];
    for (const look of this.#looks) looked.push(...[await look()].flat());
    this.#problems = looked.flatMap((one) => (one !== "as it was" && "problem" in one ? [one.problem] : []));
    const again = looked.flatMap((one) => (one !== "as it was" && "again" in one ? [one.again] : []));
    if (again.length > 0) this.#tell([madeAgain(again)]);
  }
}

const madeAgain = (places: string[]): NewEvent => ({
  kind: "supervisor.recovered",
  job: null,
  run: null,
  actor: "recovery",
  reason: `Removed or replaced while the supervisor runs, and made again: ${list(places)}.`,
});
