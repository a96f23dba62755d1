/**
 * Where a supervisor keeps its things, computed from a config file's two settings alone and without
 * checking the rest: commands must find a running supervisor also when an edit has broken its file.
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { parse } from "jsonc-parser";

export interface Places {
  /** The config file; null for the built-in defaults. */
  file: string | null;
  /** What relative paths are relative to. */
  directory: string;
  /** Absolute. */
  stateDirectory: string;
  database: string;
}

/** `~/.local/state/gpu-job-supervisor`, or what XDG_STATE_HOME says. */
export function defaultStateDirectory(env: NodeJS.ProcessEnv = process.env): string {
  // Relative values are invalid by the XDG specification, and ignored.
  const home = env.XDG_STATE_HOME && isAbsolute(env.XDG_STATE_HOME) ? env.XDG_STATE_HOME : null;
  return join(home ?? join(homedir(), ".local", "state"), "gpu-job-supervisor");
}

/** A path as written in a config: relative to its folder, `~/` being home. */
export function absolute(path: string, directory: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : resolve(directory, path);
}

/** The database lies in the state directory where nothing else is said. */
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

/** As `placesFor`, from the file itself; a broken file gives what can still be read of it. Never throws. */
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
