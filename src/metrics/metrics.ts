/**
 * Figures for Prometheus, in a file or on a port, as `metrics` in the config says. Costs nothing without it:
 * counts nothing, makes no snapshot and listens nowhere. A failure is shown as a problem and changes nothing
 * else.
 */
import { elapsedMs } from "../clock.ts";
import type { MetricsSettings } from "../config/schema/schema.ts";
import type { Snapshot } from "../control/protocol.ts";
import type { AuditEvent } from "../model/event.ts";
import type { Moment } from "../tick/supervisor.ts";
import { EventCounts } from "./event-counts.ts";
import type { Labels } from "./exposition.ts";
import { metricsText } from "./families/families.ts";
import { GpuTime } from "./gpu-time.ts";
import { MetricsFile } from "./metrics-file.ts";
import { MetricsPort } from "./metrics-port.ts";

/** A port that is taken is tried again after this. */
const TRY_AGAIN_MS = 30_000;

interface Options {
  /** In force now; undefined where no metrics are wanted. */
  settings: () => MetricsSettings | undefined;
  snapshot: () => Snapshot;
  /** Tells this supervisor from others of this machine. */
  whose: () => Labels;
  /** Called when a page can't be made. */
  onBug: (error: unknown) => void;
}

export class Metrics {
  readonly #options: Options;
  #counts = new EventCounts();
  #gpuTime = new GpuTime();
  #file: MetricsFile | null = null;
  #port: MetricsPort | null = null;
  #writeAtMs = 0;
  #listenAtMs = 0;
  #page: { of: Moment; text: string } | null = null;
  #moment: Moment | null = null;

  constructor(options: Options) {
    this.#options = options;
  }

  tell(event: AuditEvent): void {
    if (this.#options.settings() !== undefined) this.#counts.count(event);
  }

  /** After each tick. */
  note(moment: Moment): void {
    const settings = this.#options.settings();
    if (settings === undefined) {
      if (this.#moment !== null) this.#switchOff();
      return;
    }
    this.#moment = moment;
    this.#gpuTime.note(moment.world.jobs, moment.now);
    this.#follow(settings);
    if (this.#file === null || elapsedMs() < this.#writeAtMs) return;
    this.#writeAtMs = elapsedMs() + settings.everySeconds * 1000;
    this.#file.write(this.#text(moment));
  }

  /** What a person should know now. */
  get problems(): string[] {
    return [this.#file?.problem, this.#port?.problem].filter((problem) => typeof problem === "string");
  }

  async close(): Promise<void> {
    const [file, port] = [this.#file, this.#port];
    [this.#file, this.#port] = [null, null];
    await Promise.all([file?.close(), port?.close()]);
  }

  #switchOff(): void {
    void this.close();
    this.#counts = new EventCounts();
    this.#gpuTime = new GpuTime();
    this.#moment = null;
    this.#page = null;
  }

  #follow({ file, port }: MetricsSettings): void {
    if (this.#file?.path !== file) {
      void this.#file?.close();
      this.#file =
        file === undefined ? null : new MetricsFile(file, Object.values(this.#options.whose()).join(" "));
      this.#writeAtMs = 0;
    }
    const failed = this.#port !== null && this.#port.problem !== null && elapsedMs() >= this.#listenAtMs;
    if (this.#port?.port === port && !failed) return;
    void this.#port?.close();
    this.#port = port === undefined ? null : new MetricsPort(port, () => this.#answer());
    this.#listenAtMs = elapsedMs() + TRY_AGAIN_MS;
  }

  #answer(): string {
    try {
      return this.#moment === null ? "" : this.#text(this.#moment);
    } catch (bug) {
      this.#options.onBug(bug);
      return "";
    }
  }

  /** Made once per tick at most, however often it is asked for. */
  #text(moment: Moment): string {
    if (this.#page?.of !== moment)
      this.#page = {
        of: moment,
        text: metricsText(this.#options.snapshot(), this.#counts, this.#gpuTime, this.#options.whose()),
      };
    return this.#page.text;
  }
}
