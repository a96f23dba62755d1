/** Holds SQLite's write lock on a database from when it says "locked" until it is ended. argv: the database. */
import Sqlite from "better-sqlite3";

const [path = ""] = process.argv.slice(2);
const db = new Sqlite(path);
db.exec("BEGIN IMMEDIATE");
console.log("locked");
// Refers to it for good: a connection that is garbage is closed, and its lock goes with it.
setInterval(() => db.open, 1000);
