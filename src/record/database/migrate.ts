/**
 * Migrates a database to the newest schema: numbered SQL files, each in a transaction of its own, after
 * a copy of the old file is made. Never migrates back, never touches a newer schema.
 */
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Database } from "better-sqlite3";
import { packageFile } from "../../own-files.ts";
import { DatabaseError } from "./database-error.ts";
import { unusedName } from "./unused-name.ts";

/** In the file's header since the first migration; distinguishes our databases from other programs'. */
export const APPLICATION_ID = 0x47504a53;

/** The package's own. */
export const MIGRATIONS = packageFile("db/migrations");

interface Migration {
  version: number;
  file: string;
}

/** In order. Throws on a gap or a number used twice: that is a packaging bug. */
export function listMigrations(directory: string = MIGRATIONS): Migration[] {
  const found = readdirSync(directory)
    .filter((name) => /^\d{4}-.+\.sql$/.test(name))
    .sort()
    .map((name) => ({ version: Number(name.slice(0, 4)), file: join(directory, name) }));
  for (const [index, { version, file }] of found.entries()) {
    if (version !== index + 1) throw new Error(`migration ${file} should have number ${index + 1}`);
  }
  if (found.length === 0) throw new Error(`no migrations in ${directory}`);
  return found;
}

/**
 * Returns the path of the copy made beforehand, or null when none was needed.
 * Throws DatabaseError `newer-schema` for a database of a later version of this program.
 */
export function migrate(db: Database, nowMs: number, directory: string = MIGRATIONS): string | null {
  const migrations = listMigrations(directory);
  const newest = migrations.length;
  const current = Number(db.pragma("user_version", { simple: true }));
  if (current > newest) {
    throw new DatabaseError(
      "newer-schema",
      db.name,
      `${db.name} was written by a newer version of this program (schema ${current}, this one knows ${newest}). ` +
        `Update this program, or set "database" to another file.`,
    );
  }
  if (current === newest) return null;
  const backup = current > 0 ? copyBefore(db, newest, nowMs) : null;
  for (const { version, file } of migrations.slice(current)) {
    const sql = readFileSync(file, "utf8");
    db.transaction(() => {
      db.exec(sql);
      db.pragma(`user_version = ${version}`);
    }).immediate();
  }
  return backup;
}

function copyBefore(db: Database, newest: number, nowMs: number): string {
  const target = unusedName(`${db.name}.before-schema-${newest}`, nowMs, existsSync);
  closeSync(openSync(target, "wx", 0o600)); // VACUUM INTO fills an empty file and keeps its mode
  db.prepare("VACUUM INTO ?").run(target);
  return target;
}
