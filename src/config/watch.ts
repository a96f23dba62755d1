/**
 * Tells when a config file has changed, with what it says now. Never reports a change that isn't
 * one, and survives editors that write beside the file and rename. The supervisor's loop pays one
 * `stat` every two seconds for it.
 */
import { type FSWatcher, readFileSync, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { loadConfigApart } from "./check-apart.ts";
import type { Loaded } from "./load.ts";

/** Editors write in several steps; the last one counts. */
const SETTLE_MS = 200;
/** Links, network file systems and exhausted watch limits are seen by looking. */
const LOOK_EVERY_MS = 2000;

/**
 * Calls `onChange` with the checked result each time the file's text has changed, and once with the
 * problem when it stays away. Returns what stops it.
 */
export function watchConfig(
  path: string,
  onChange: (loaded: Loaded) => void,
  lookEveryMs: number = LOOK_EVERY_MS,
): () => void {
  let text = read(path);
  let stamp = stampOf(path);
  let missed = 0;
  let settling: NodeJS.Timeout | null = null;
  let checking = Promise.resolve();
  let stopped = false;

  const compare = () => {
    settling = null;
    const now = read(path);
    // Between an editor's two steps there is no file: only one that stays away is news.
    if (now === null && missed++ < 1) return;
    if (now !== null) missed = 0;
    if (now === text) return;
    text = now;
    // One after the other: the last edit has the last word.
    checking = checking.then(async () => {
      const loaded = await loadConfigApart(path);
      if (!stopped) onChange(loaded);
    });
  };
  const soon = () => {
    if (settling !== null) clearTimeout(settling);
    settling = setTimeout(compare, SETTLE_MS).unref();
  };
  const look = setInterval(() => {
    const now = stampOf(path);
    if (now !== stamp || (missed === 1 && settling === null)) soon();
    stamp = now;
  }, lookEveryMs).unref();
  const watcher = watchDirectory(path, soon);
  return () => {
    stopped = true;
    watcher?.close();
    clearInterval(look);
    if (settling !== null) clearTimeout(settling);
  };
}

/** The directory, since a renamed file takes its watch along. null where the system won't. */
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
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? "" : `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
}
