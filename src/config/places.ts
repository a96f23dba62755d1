/**
 * Where a supervisor keeps its files, computed from only two settings of a config file without checking
 * the rest: commands must find a running supervisor even after an edit has broken its file.
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { parse } from "jsonc-parser";

export interface Places {
  /** The config file; null for the built-in defaults. */
  file: string | null;
  /** The base of relative paths. */
  directory: string;
  /** Absolute. */
  stateDirectory: string;
  database: string;
}

/** `~/.local/state/gpu-job-supervisor`, or what XDG_STATE_HOME sets. */
function defaultStateDirectory(env: NodeJS.ProcessEnv = process.env): string {
  // The XDG specification declares relative values invalid, to be ignored.
  const home = env.XDG_STATE_HOME && isAbsolute(env.XDG_STATE_HOME) ? env.XDG_STATE_HOME : null;
  return join(home ?? join(homedir(), ".local", "state"), "gpu-job-supervisor");
}

/** A path as written in a config: relative to the config's folder, `~/` being home. */
export function absolute(path: string, directory: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : resolve(directory, path);
}

/** The database lies in the state directory by default. */
export function placesFor(
  file: string | null,
  settings: { stateDirectory?: string | undefined; database?: string | undefined },
): Places {
  const directory = file === null ? process.cwd() : dirname(resolve(file));
  const { stateDirectory, database } = settings;
  const state = stateDirectory === undefined ? defaultStateDirectory() : absolute(stateDirectory, directory);
  return {
    file: file === null ? null : resolve(file),
    directory,
    stateDirectory: state,
    database: database === undefined ? join(state, "supervisor.sqlite") : absolute(database, directory),
  };
}

/** Like `placesFor`, from the file itself; a broken file yields whatever can still be read. Never throws. */
export function readPlaces(file: string | null): Places {
  const settings: { stateDirectory?: string; database?: string } = {};
  try {
    const value: unknown =
      file === null ? {} : parse(readFileSync(file, "utf8"), [], { allowTrailingComma: true });
    for (const key of ["stateDirectory", "database"] as const) {
      const text = (value as Record<string, unknown> | undefined)?.[key];
      if (typeof text === "string" && text !== "") settings[key] = text;
    }
  } catch {
    // Unreadable: `check` and `start` say why.
  }
  return placesFor(file, settings);
}
