/**
 * One dashboard from its first frame to its end: joins client, keys and screen. Draws through
 * `Terminal` and knows nothing of Ink; keeps no timer but those for reconnecting and an open log.
 */

import type { DashboardClient } from "../../control/dashboard-client.ts";
import type { Answer, JobView, Request, Snapshot } from "../../control/protocol.ts";
import { countJobs, toPause } from "../draw/edges.ts";
import { neutralLog } from "../neutral.ts";
import { StopOutcome } from "../stop-outcome.ts";
import type { DashboardEnd, DashboardOptions } from "./dashboard-options.ts";
import { type Act, type Key, press } from "./keys.ts";
import { Losses } from "./losses.ts";
import { watchedIn } from "./pages/job-page.ts";
import { newScreen, type Screen, type Size, selectedJob, type View } from "./screen.ts";
import { RecentTrends } from "./trends.ts";

/** Of a log, this much is read; once a second while it is open. */
const LOG_BYTES = 64 * 1024;
const EVERY_MS = 1000;
/** The record of an hour takes some milliseconds to read. */
const PAST_EVERY_MS = 20_000;

export interface Ending {
  end: DashboardEnd;
  /** What tells the user, once the screen is given back. */
  lines: string[];
}

export interface Terminal {
  size: () => Size;
  draw: (screen: Screen) => void;
  /** Gives the terminal back to the shell until it continues the program. */
  suspend: () => void;
}

export class Session {
  readonly ended: Promise<Ending>;
  readonly #client: DashboardClient;
  readonly #options: DashboardOptions;
  readonly #terminal: Terminal;
  readonly #finish: (ending: Ending) => void;
  #screen = newScreen();
  readonly #losses = new Losses();
  readonly #trends = new RecentTrends();
  #logTimer: NodeJS.Timeout | undefined;
  #pastTimer: NodeJS.Timeout | undefined;
  #reconnectTimer: NodeJS.Timeout | undefined;
  #stopAsked = false;
  #isGone = false;
  readonly #outcome = new StopOutcome();
  #over = false;

  /** Draws at once, and listens to the client from now on. */
  constructor(client: DashboardClient, options: DashboardOptions, terminal: Terminal) {
    const { promise, resolve } = Promise.withResolvers<Ending>();
    this.ended = promise;
    this.#finish = resolve;
    this.#client = client;
    this.#options = options;
    this.#terminal = terminal;
    client.onSnapshot((snapshot) => this.#take(snapshot));
    client.onClose((reason) => this.#lose(reason));
    client.onStopped((pid) =>
      this.#show({ lost: `The supervisor is stopped (Ctrl-Z or SIGSTOP): kill -CONT ${pid} continues it.` }),
    );
    // Not before what may be known already: two frames at once are drawn a tenth of a second apart.
    if (this.#screen.snapshot === null) this.redraw();
  }

  onKey(key: Key): void {
    if (this.#over) return;
    const before = this.#screen;
    const { screen, act } = press(before, key, this.#terminal.size());
    this.#show(screen);
    if (screen.view !== before.view) this.#openPage();
    if (act !== null) this.#carryOut(act);
  }

  redraw(): void {
    this.#show({});
  }

  detach(): void {
    const goesOn = "Detached: the supervisor and its jobs go on. Look again: supervisor dashboard";
    const gone = "Detached. No supervisor answers; start it: supervisor start";
    const { lost } = this.#screen;
    const isThere = lost === null ? goesOn : `Detached. ${lost}`;
    this.#end("detached", this.#isGone ? gone : isThere);
  }

  #show(change: Partial<Screen>): void {
    if (this.#over) return;
    this.#screen = { ...this.#screen, ...change };
    this.#terminal.draw(this.#screen);
  }

  #end(end: DashboardEnd, ...lines: string[]): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#logTimer);
    clearInterval(this.#pastTimer);
    clearTimeout(this.#reconnectTimer);
    this.#client.close();
    this.#finish({ end, lines });
  }

  /** `answer`: the supervisor's to the stop; null where it has ended without one. */
  #endStopped(answer: { unrecorded?: string } | null): void {
    const bad = [
      ...this.#outcome.unsaved(answer !== null),
      ...(answer?.unrecorded ? [answer.unrecorded] : []),
    ];
    this.#end(bad.length === 0 ? "stopped" : "unsaved", stoppedLine(this.#screen), ...bad);
  }

  /** A selected job that is gone gives its place to the first. */
  #take(snapshot: Snapshot): void {
    const selected = selectedJob({ ...this.#screen, snapshot })?.name ?? null;
    if (this.#stopAsked || snapshot.supervisor.stopping) this.#outcome.take(snapshot);
    this.#losses.take(snapshot.jobs, snapshot.atMs);
    this.#trends.take(snapshot);
    const seen = { losses: this.#losses.of(selected ?? ""), trends: this.#trends.all };
    this.#isGone = false;
    this.#show({ snapshot, selected, lost: null, ...seen });
  }

  #lose(reason: string): void {
    if (this.#stopAsked || this.#screen.snapshot?.supervisor.stopping) {
      this.#endStopped(null);
      return;
    }
    this.#isGone = true;
    this.#show({ lost: `The supervisor is gone (${reason}). Reconnecting…` });
    this.#reconnect();
  }

  #reconnect(): void {
    this.#reconnectTimer = setTimeout(() => {
      this.#client.reconnect().catch(() => {
        if (!this.#over) this.#reconnect();
      });
    }, EVERY_MS);
  }

  #carryOut(act: Act): void {
    const by = this.#options.by ?? "dashboard";
    if (act.ask === "detach") this.detach();
    else if (act.ask === "suspend") this.#terminal.suspend();
    else if (act.ask === "stop") void this.#stop(by);
    else if (act.ask === "pause") {
      const request: Request = { verb: "pause", jobs: [act.job], untilMs: null, by };
      void this.#request(request, `${act.job} is asked to pause.`);
    } else if (act.ask === "cancel") {
      void this.#request({ verb: "cancel", jobs: [act.job], by }, `${act.job} is asked to end.`);
    } else {
      void this.#request({ verb: "resume", jobs: [act.job], by }, `${act.job} may run again.`);
    }
  }

  async #stop(by: string): Promise<void> {
    this.#stopAsked = true;
    if (this.#screen.snapshot !== null) this.#outcome.take(this.#screen.snapshot);
    const answer = await this.#request({ verb: "stop", pauseJobs: true, by }, "The supervisor has stopped.");
    this.#stopAsked = false;
    if (answer.ok) this.#endStopped(answer.result as { unrecorded?: string });
  }

  /** Shows what came of it; a refusal and a lost connection are answers too. */
  async #request(request: Request, done: string): Promise<Answer> {
    const refusal = (error: Error): Answer => ({ id: 0, ok: false, error: error.message, code: "failed" });
    const answer = await this.#client.request(request).catch(refusal);
    this.#show({
      message: answer.ok ? { text: done, tone: "good" } : { text: answer.error, tone: "bad" },
    });
    return answer;
  }

  /** What a page needs is read while it is open, and only then. */
  #openPage(): void {
    clearInterval(this.#logTimer);
    clearInterval(this.#pastTimer);
    const { view } = this.#screen;
    if (view !== "log" && view !== "job") return;
    this.#logTimer = setInterval(() => void this.#readLog(), EVERY_MS);
    void this.#readLog();
    if (view === "log") return;
    this.#pastTimer = setInterval(() => void this.#readPast(), PAST_EVERY_MS);
    this.#show({ losses: this.#losses.of(selectedJob(this.#screen)?.name ?? "") });
    void this.#readPast();
  }

  async #readPast(): Promise<void> {
    const { snapshot } = this.#screen;
    const job = selectedJob(this.#screen);
    if (job === null || snapshot === null) return;
    const past = await this.#options
      .readPast(job, watchedIn(snapshot), snapshot)
      .catch((error: Error) => ({ unreadable: error.message }));
    if (this.#isOn(job, "job")) this.#show({ past });
  }

  /** Another page or job may have been chosen while something was read. */
  #isOn(job: JobView, ...views: View[]): boolean {
    return views.includes(this.#screen.view) && selectedJob(this.#screen)?.name === job.name;
  }

  async #readLog(): Promise<void> {
    const job = selectedJob(this.#screen);
    if (job === null) return;
    const log = await this.#options
      .readLog(job, LOG_BYTES)
      .then((text) => ({ lines: neutralLog(text) }))
      .catch((error: Error) => ({ unreadable: error.message }));
    if (this.#isOn(job, "log", "job")) this.#show({ log });
  }
}

/** Claims no more than the last snapshot has shown. */
function stoppedLine({ snapshot }: Screen): string {
  const paused = snapshot?.jobs.filter((job) => job.state === "paused").length ?? 0;
  const jobs = toPause(snapshot) === 0 && paused > 0 ? `, ${countJobs(paused)} paused` : "";
  return `The supervisor has stopped${jobs}. Start it again: supervisor start`;
}
