/**
 * Where a supervisor keeps its files, computed from only two settings of a config file without checking
 * the rest: commands must find a running supervisor even after an edit has broken its file.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parse } from "jsonc-parser";
import { isAbsent } from "../contract/system-code.ts";
import { mustHaveHome } from "../files/home.ts";
import { commonStateDirectory, projectRecord } from "../files/state-paths.ts";
import { runningFor } from "../files/supervisors.ts";
import { projectOf, USER } from "./project.ts";

export interface Places {
  /** The config file; null for the built-in defaults. */
  file: string | null;
  /** Whose supervisor it is: the real path of its config file, or "user" for the user's own. */
  project: string;
  /** The base of relative paths. */
  directory: string;
  /** Absolute. */
  stateDirectory: string;
  database: string;
}

/**
 * One directory per project. The user's own supervisor has the common one, unless that was a config's
 * before each config had its own (cli/settle-common.ts finds out): then it stays that config's.
 */
function defaultStateDirectory(project: string): string {
  const common = commonStateDirectory();
  if (projectOfCommon(common) === project) return common;
  if (project === USER) return join(common, "projects", USER);
  const folder = basename(dirname(project))
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .slice(0, 24);
  const hash = createHash("sha256").update(project).digest("hex").slice(0, 8);
  return join(common, "projects", `${folder}-${hash}`);
}

function projectOfCommon(common: string): string {
  try {
    const { project } = JSON.parse(readFileSync(projectRecord(common), "utf8"));
    return typeof project === "string" ? project : USER;
  } catch {
    return USER;
  }
}

/** A path as written in a config: relative to the config's folder, `~/` being home. */
export function absolute(path: string, directory: string): string {
  return path === "~" || path.startsWith("~/")
    ? join(mustHaveHome(), path.slice(1))
    : resolve(directory, path);
}

/** The database lies in the state directory by default. Throws Refusal where a path needs a home and there is none. */
export function placesFor(
  file: string | null,
  settings: { stateDirectory?: string | undefined; database?: string | undefined },
): Places {
  const directory = file === null ? process.cwd() : dirname(resolve(file));
  const project = projectOf(file);
  const { stateDirectory, database } = settings;
  const state =
    stateDirectory === undefined ? defaultStateDirectory(project) : absolute(stateDirectory, directory);
  return {
    file: file === null ? null : resolve(file),
    project,
    directory,
    stateDirectory: state,
    database: database === undefined ? join(state, "supervisor.sqlite") : absolute(database, directory),
  };
}

/** Like `placesFor`, from the file itself; a broken file yields whatever can still be read. Throws only as it does. */
export function readPlaces(file: string | null): Places {
  const settings: { stateDirectory?: string; database?: string } = {};
  try {
    const value: unknown =
      file === null ? {} : parse(readFileSync(file, "utf8"), [], { allowTrailingComma: true });
    for (const key of ["stateDirectory", "database"] as const) {
      const text = (value as Record<string, unknown> | undefined)?.[key];
      if (typeof text === "string" && text !== "") settings[key] = text;
    }
  } catch (error) {
    // Unreadable: `check` and `start` say why. What a file that is gone has said, its supervisor's record tells.
    const running = file !== null && isAbsent(error) ? runningFor(projectOf(file)) : null;
    if (running !== null) settings.stateDirectory = running.stateDirectory;
  }
  return placesFor(file, settings);
}
