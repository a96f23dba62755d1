/**
 * Reports when a config file has changed, with its new content. Never reports a change that isn't one,
 * and survives editors that write beside the file and rename. Costs the supervisor's loop one `stat`
 * every two seconds.
 */
import { type FSWatcher, readFileSync, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { systemCode } from "../contract/system-code.ts";
import { loadConfigApart } from "./check/check-apart.ts";
import type { Loaded } from "./load.ts";

/** Debounce: editors write in several steps; the last one counts. */
const SETTLE_MS = 200;
/** Polling catches links, network file systems and exhausted watch limits. */
const LOOK_EVERY_MS = 2000;
const CHECK_AGAIN_LOOKS = 5;

export type { ConfigWatch };

/**
 * Calls `onChange` with the checked result each time the file's text has changed, and once with the
 * problem when the file stays away.
 */
export const watchConfig = (
  path: string,
  onChange: (loaded: Loaded) => void,
  lookEveryMs: number = LOOK_EVERY_MS,
): ConfigWatch => new ConfigWatch(path, onChange, lookEveryMs);

class ConfigWatch {
  readonly #path: string;
  readonly #onChange: (loaded: Loaded) => void;
  readonly #watcher: FSWatcher | null;
  readonly #look: NodeJS.Timeout;
  #text: string | null;
  #stamp: string;
  #missed = 0;
  /** Looks until a text whose check couldn't run is checked again; null when none waits. */
  #againIn: number | null = null;
  #settling: NodeJS.Timeout | null = null;
  #checking = Promise.resolve();
  #last: Loaded | null = null;
  #stopped = false;

  constructor(path: string, onChange: (loaded: Loaded) => void, lookEveryMs: number) {
    this.#path = path;
    this.#onChange = onChange;
    this.#text = read(path);
    this.#stamp = stampOf(path);
    this.#watcher = watchDirectory(path, () => this.#compareSoon());
    this.#look = setInterval(() => this.#lookAgain(), lookEveryMs).unref();
  }

  stop(): void {
    this.#stopped = true;
    this.#watcher?.close();
    clearInterval(this.#look);
    if (this.#settling !== null) clearTimeout(this.#settling);
  }

  /**
   * Looks at once, for somebody who has written the file or acts upon it. Resolves once its text has been checked
   * and reported: with what came of it, or null where it is as it was in the beginning.
   */
  async readNow(): Promise<Loaded | null> {
    // A file that isn't there now may be between an editor's two steps: the looks judge that.
    if (read(this.#path) !== null) this.#compare();
    await this.#checking;
    return this.#last;
  }

  #lookAgain(): void {
    const now = stampOf(this.#path);
    if (this.#againIn !== null && --this.#againIn <= 0) this.#compareSoon();
    if (now !== this.#stamp || (this.#missed === 1 && this.#settling === null)) this.#compareSoon();
    this.#stamp = now;
  }

  #compareSoon(): void {
    if (this.#settling !== null) clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#compare(), SETTLE_MS).unref();
  }

  #compare(): void {
    this.#settling = null;
    const now = read(this.#path);
    // Between an editor's two steps there is no file: only a file that stays away is news.
    if (now === null && this.#missed++ < 1) return;
    if (now !== null) this.#missed = 0;
    if (now === this.#text && this.#againIn === null) return;
    this.#againIn = null;
    this.#text = now;
    // One at a time: the last edit wins.
    this.#checking = this.#checking.then(async () => {
      const loaded = await loadConfigApart(this.#path);
      if (this.#stopped) return;
      this.#last = loaded;
      // It says nothing about the config that we can't check it.
      if (loaded.unchecked) this.#againIn = CHECK_AGAIN_LOOKS;
      else this.#onChange(loaded);
    });
  }
}

/** Watches the directory, since a renamed file takes its watch along. null if the system refuses. */
function watchDirectory(path: string, onEvent: () => void): FSWatcher | null {
  try {
    const name = basename(path);
    const watcher = watch(dirname(path), { persistent: false }, (_, changed) => {
      if (changed === null || changed === name) onEvent();
    });
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return null;
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function stampOf(path: string): string {
  try {
    const { ino, size, mtimeNs } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch (error) {
    // Its disk may fail or be stale, and come back.
    const code = systemCode(error);
    if (code === null) throw error;
    return code;
  }
}
