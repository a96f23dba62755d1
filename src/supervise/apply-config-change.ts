/**
 * The config in force. When its file changes, a valid one takes effect at once, without a restart; one
 * with problems is reported, and the previous one stays. Never changes where state is kept: the lock
 * and the socket are bound to it.
 */
import { formatProblem, type Problem } from "../config/problem.ts";
import type { Config } from "../config/schema/schema.ts";
import { type ConfigWatch, watchConfig } from "../config/watch.ts";
import type { RecordJournal } from "../record/journal.ts";
import type { Supervisor } from "../tick/supervisor.ts";
import { configChanged, configRejected } from "./announce.ts";
import { wakeAtWindows } from "./wake-at-windows.ts";

interface Affected {
  supervisor: Supervisor;
  journal: RecordJournal;
  /** Called to have a tick run soon. */
  wake: () => void;
}

export class ConfigInForce {
  #config: Config;
  #problem: string | null = null;
  #watch: ConfigWatch | null = null;

  constructor(config: Config) {
    this.#config = config;
  }

  get current(): Config {
    return this.#config;
  }

  /** Why the file's newest version isn't in force, as a sentence; null when it is. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Follows the file and the windows in it. Returns what ends that. */
  follow(affected: Affected): () => void {
    let endWindows = wakeAtWindows(this.#config.windows, affected.wake);
    const { file } = this.#config;
    if (file !== null)
      this.#watch = watchConfig(file, (loaded) => {
        if (!loaded.ok) return this.#reject(file, loaded.problems, affected);
        this.#apply(file, loaded.config, affected);
        endWindows();
        endWindows = wakeAtWindows(this.#config.windows, affected.wake);
      });
    return () => {
      this.#watch?.stop();
      endWindows();
    };
  }

  /** Resolves once the file as it is now is in force (with null), or isn't, with a sentence that says why. */
  async readNow(): Promise<string | null> {
    const loaded = await this.#watch?.readNow();
    if (!loaded || loaded.ok) return null;
    return ["The supervisor keeps the config that it had:", ...loaded.problems.map(formatProblem)].join("\n");
  }

  #apply(file: string, next: Config, { supervisor, journal }: Affected): void {
    const { database, stateDirectory } = this.#config;
    const kept = [
      ...(next.database === database ? [] : ["database"]),
      ...(next.stateDirectory === stateDirectory ? [] : ["stateDirectory"]),
    ];
    this.#problem = null;
    this.#config = { ...next, database, stateDirectory };
    journal.retain(this.#config.retention);
    supervisor.reconfigure(this.#config, configChanged(file, kept));
  }

  #reject(file: string, problems: Problem[], { supervisor }: Affected): void {
    this.#problem = `${file} has problems; the previous one is in force. See: supervisor check`;
    supervisor.record([configRejected(file, problems.map(formatProblem))]);
  }
}
