/**
 * Prepares the place of the control socket: a directory that is ours and that no other user can write
 * to, with no dead socket in the way. Never removes a socket that a process still answers, nor a file
 * that isn't a socket.
 */
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { makeFolder } from "../files/make-folder.ts";
import { Refusal, refusing } from "../refusal.ts";

const ANSWER_WITHIN_MS = 2000;

/**
 * Creates the directory of `path` (0700). An existing one must be ours and no link; write permission
 * for others is removed, since they could put their own socket there. Throws Refusal that says what to do.
 */
export function securePlace(path: string): void {
  const directory = dirname(path);
  refusing(`${directory}, for the control socket, can't be created`, () => makeFolder(directory));
  const found = lstatSync(directory);
  if (!found.isDirectory())
    throw new Refusal(`${directory} is not a directory. Move it away, or choose another stateDirectory.`);
  const uid = process.getuid?.();
  if (uid !== undefined && found.uid !== uid) {
    throw new Refusal(
      `${directory} belongs to uid ${found.uid}, not to you (uid ${uid}). Choose another stateDirectory.`,
    );
  }
  if ((found.mode & 0o022) !== 0)
    refusing(`${directory} can't be closed to others`, () => chmodSync(directory, found.mode & 0o755));
}

/** Whether a process accepts connections at `path`. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.once("connect", () => done(true));
    // A full backlog (EAGAIN) or a slow answer means a listener; a refusal or a missing file means none.
    socket.once("error", (error: NodeJS.ErrnoException) =>
      done(error.code !== "ECONNREFUSED" && error.code !== "ENOENT" && error.code !== "ENOTSOCK"),
    );
    socket.setTimeout(ANSWER_WITHIN_MS, () => done(true));
  });
}

/** Removes a socket that no process answers. The caller holds the database's lock. Throws Refusal when it must stay. */
export async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Refusal(`${path} is in the way and is not a socket. Move it away.`);
  if (await isAnswered(path))
    throw new Refusal(`Another supervisor answers at ${path}. See: supervisor status`);
  refusing(`${path} is in the way and can't be removed`, () => unlinkSync(path));
}
