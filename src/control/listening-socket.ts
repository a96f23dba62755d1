/**
 * The control socket as a file: made under another name and renamed into place, so that the name always
 * leads to a socket that is answered, and closing one never removes another's (the system's own close
 * unlinks whatever has the name by then).
 */
import { renameSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { identityOf } from "../files/file-identity.ts";
import { Refusal, refusing } from "../refusal.ts";
import { removeStale, securePlace } from "./socket-file.ts";

export class ListeningSocket {
  readonly #path: string;
  readonly #server: Server;
  readonly #identity: string | null;

  private constructor(path: string, server: Server, identity: string | null) {
    this.#path = path;
    this.#server = server;
    this.#identity = identity;
  }

  /** Rejects with Refusal when the place is unsafe, or something is in the way that isn't a dead socket. */
  static async open(path: string, admit: (socket: Socket) => void): Promise<ListeningSocket> {
    securePlace(path);
    await removeStale(path);
    const server = createServer(admit);
    // Shorter than any socket's own name: the system limits the length of its path.
    const fresh = join(dirname(path), `.s${process.pid.toString(36)}`);
    refusing(`${fresh} is in the way`, () => rmSync(fresh, { force: true }));
    await listenPrivately(server, fresh, path);
    server.on("error", () => {});
    const identity = identityOf(fresh);
    try {
      refusing(`${path} can't be made`, () => renameSync(fresh, path));
    } catch (error) {
      server.close();
      throw error;
    }
    return new ListeningSocket(path, server, identity);
  }

  /** Whether clients that go by its name find it. */
  get isThere(): boolean {
    return identityOf(this.#path) === this.#identity;
  }

  /** Stops listening, and resolves when its last connection has ended. */
  close(): Promise<void> {
    try {
      if (this.isThere) rmSync(this.#path, { force: true });
    } catch {
      // A dead socket is in nobody's way: the next supervisor replaces it.
    }
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

function listenPrivately(server: Server, fresh: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => reject(new Refusal(`${path} can't be made: ${error.message}`));
    server.once("error", refuse);
    // bind() happens inside listen(): with this mask no other user can ever connect.
    const mask = process.umask(0o177);
    try {
      server.listen(fresh, () => {
        server.off("error", refuse);
        resolve();
      });
    } finally {
      process.umask(mask);
    }
  });
}
