/** Holds a database as a supervisor would, until it is ended. argv: the database, a config's name. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { holdLock } from "../../src/record/database/lock.ts";

const [path = "", config = ""] = process.argv.slice(2);
holdLock(path, { config, socket: "/run/supervisor.sock" });
// Whoever holds it may not keep the lock's object; collecting garbage mustn't let go of it.
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
setInterval(() => {}, 1000);
setTimeout(() => {
  collect();
  console.log("held");
});
