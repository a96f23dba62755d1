/** TCP ports of 127.0.0.1 that nobody uses now. */

import type { AddressInfo } from "node:net";
import { createServer } from "node:net";

/** The kernel gives no other to connections for a while. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** The first of `count` in a row, below those that the kernel gives to connections: for a server that comes up later. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = 10_000 + Math.floor(Math.random() * (22_000 - count));
    const servers = Array.from({ length: count }, () => createServer());
    try {
      for (const [at, server] of servers.entries())
        await new Promise<void>((done, failed) =>
          server.once("error", failed).listen(first + at, "127.0.0.1", done),
        );
      return first;
    } catch {
      // One is taken: another row.
    } finally {
      for (const server of servers) if (server.listening) await new Promise((done) => server.close(done));
    }
  }
}
