/** Hands all work to the servers whose Unix sockets lie in the folder of its first argument, and does none itself. */
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

const [folder = ""] = process.argv.slice(2);
for (const name of readdirSync(folder)) {
  const server = connect(join(folder, name));
  setInterval(() => server.write("x"), 100);
}
