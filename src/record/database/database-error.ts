/** Why the database can't be used, in a sentence that says how to fix it. Never for bugs. */
import { isSystemError, Refusal } from "../../refusal.ts";

export type DatabaseProblem =
  | "network-file-system"
  | "newer-schema"
  | "foreign"
  | "locked"
  | "held"
  | "unwritable"
  | "unreadable";

export class DatabaseError extends Refusal {
  override name = "DatabaseError";
  readonly code: DatabaseProblem;
  readonly path: string;

  constructor(code: DatabaseProblem, path: string, message: string) {
    super(message);
    this.code = code;
    this.path = path;
  }
}

/** The code of an error from SQLite or the system (`SQLITE_BUSY`, `EACCES`), or "". */
export function errorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}

/** An error that SQLite or the system reports about a file, so not a bug of ours. */
export const isOfTheDisk = (error: unknown): boolean =>
  isSystemError(error) || errorCode(error).startsWith("SQLITE_");

export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
