/** Wants a database as another user, and says what comes of it. argv: the database, the user's id. */
import { holdLock } from "../../src/record/database/lock.ts";

const [path = "", uid = ""] = process.argv.slice(2);
process.setuid?.(Number(uid));
try {
  holdLock(path, { config: null, socket: null });
  console.log("held");
} catch (error) {
  console.log((error as Error).message);
}
