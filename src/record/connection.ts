/** The open database as the journal uses it: its statements, the sync of its WAL, and which files they are. */
import { realpathSync } from "node:fs";
import type { Database, Statement } from "better-sqlite3";
import { identityOf } from "../files/file-identity.ts";
import { WalSync } from "./database/wal-sync.ts";
import { Writes } from "./writes.ts";

/** SQLite finds the last two by name, so one of another database would be taken for this one's. */
const SUFFIXES = ["", "-wal", "-shm"];

export class Connection {
  readonly db: Database;
  readonly writes: Writes;
  readonly newestFirst: Statement;
  readonly allJobs: Statement;
  readonly sync: WalSync;
  /** Where the files are: SQLite puts the WAL beside the file that a link leads to. */
  readonly file: string;
  readonly #identities: (string | null)[];

  constructor(db: Database, path: string) {
    this.db = db;
    this.file = realpathSync(path);
    this.writes = new Writes(db);
    this.newestFirst = db.prepare("SELECT * FROM events ORDER BY id DESC LIMIT ?");
    this.allJobs = db.prepare("SELECT job FROM jobs ORDER BY name").pluck();
    this.newestFirst.all(1); // the first read makes the WAL, where there was none
    this.sync = new WalSync(this.file);
    this.#identities = SUFFIXES.map((suffix) => identityOf(this.file + suffix));
  }

  /** Whether its files still have their names: without them it writes where nobody finds it. */
  get isThere(): boolean {
    return (
      this.db.open && SUFFIXES.every((suffix, i) => identityOf(this.file + suffix) === this.#identities[i])
    );
  }

  /** Whether the file of its name, if there is one, is its own. */
  get isItsOwn(): boolean {
    return identityOf(this.file) === this.#identities[0];
  }

  close(): void {
    this.sync.close();
    this.db.close();
  }
}
