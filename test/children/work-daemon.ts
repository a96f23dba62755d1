/** A server at a Unix socket in the folder of its first argument: computes for 100 ms for every byte that it is sent. */
import { createServer } from "node:net";
import { join } from "node:path";

const burn = (ms: number): void => {
  for (const end = performance.now() + ms; performance.now() < end; );
};
createServer((client) => {
  client.on("data", (bytes) => burn(100 * Math.min(3, bytes.length))).on("error", () => {});
}).listen(join(process.argv[2] ?? "", `${process.pid}.sock`));
