/** Follows a stop of the supervisor: what became of the jobs that it was to save. For the command and the dashboard. */
import type { JobView, Snapshot } from "../control/protocol.ts";
import { isSuspended, isWorking, LIVE_STATES } from "../model/state.ts";
import { list } from "../words/list.ts";
import { roomText } from "../words/sentences/room.ts";
import { listedText } from "../words/sentences/why/why-pausing.ts";

/** States in which a stop waits until the job is saved, or can't be. */
const OPEN: readonly string[] = LIVE_STATES.filter((name) => !isSuspended(name));

/** A service isn't ours to stop. */
export const isOpen = ({ state, service }: JobView): boolean => OPEN.includes(state) && service === undefined;

export class StopOutcome {
  #last: Snapshot | null = null;
  readonly #asked = new Set<string>();

  /** Each snapshot while it stops. */
  take(snapshot: Snapshot): void {
    this.#last = snapshot;
    for (const job of snapshot.jobs) if (isOpen(job)) this.#asked.add(job.name);
  }

  /** A sentence for each job that was to be saved, and isn't. `answered`: the supervisor has said that it is done. */
  unsaved(answered: boolean): string[] {
    const asked = this.#jobs.filter(({ name }) => this.#asked.has(name));
    return asked.flatMap((job) => (answered || !isOpen(job) ? (unsaved(job) ?? []) : unknown(job)));
  }

  /** What is left as it was; claims no more than the last snapshot has shown. */
  get leftAlone(): string {
    const alive = this.#named(...LIVE_STATES);
    return alive === "" ? "No job is running." : `Left as they are: ${alive}.`;
  }

  /** What is saved, frozen or left; claims no more than the last snapshot has shown. */
  get summary(): string {
    const [paused, frozen] = [this.#named("paused"), this.#named("frozen")];
    const services = this.#jobs
      .filter(({ service, state }) => service !== undefined && state !== "absent")
      .map(({ name, state }) => `${name} (${state})`);
    const parts = [
      ...(paused === "" ? [] : [`Saved and paused: ${paused}. The next start resumes what stop paused.`]),
      ...(frozen === ""
        ? []
        : [`Frozen, as they can't save: ${frozen}. They hold their memory until the next start.`]),
      ...(services.length === 0 ? [] : [`Services are left as they are: ${list(services)}.`]),
    ];
    return parts.length === 0 && this.#named(...LIVE_STATES) === ""
      ? "No job is left running."
      : parts.join(" ");
  }

  get #jobs(): JobView[] {
    return this.#last?.jobs ?? [];
  }

  #named(...states: string[]): string {
    return this.#jobs
      .filter((job) => states.includes(job.state) && job.why.unsaved === undefined)
      .map(({ name }) => name)
      .join(", ");
  }
}

const unknown = ({ name }: JobView): string =>
  `It isn't known whether ${name} was saved: the supervisor ended before it said so.`;

/** What became of a job that was to be saved, if it isn't; null if all is well. */
function unsaved({ name, state, why }: JobView): string | null {
  if (why.listed !== undefined)
    return `${name} has ended, but ${listedText(why.listed)}. The next start looks again.`;
  if (isWorking(state))
    return `${name} can't be paused, and is left running: ${roomText(why.room ?? "ranks")}`;
  if (OPEN.includes(state)) return `${name} was asked to pause but didn't save in time, and is left running`;
  const reason = why.unsaved ?? (state === "waiting" ? why.failure : why.assumed);
  return reason === undefined ? null : `${name} wasn't saved: ${reason}`;
}
