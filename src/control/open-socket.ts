/** Opens a supervisor's control socket, if it is ours. */
import { lstatSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { Refusal } from "../refusal.ts";

/** No supervisor listens on the socket. */
export class NoSupervisor extends Refusal {
  override name = "NoSupervisor";
}

/** Another user could have put a socket where ours should be, and would get what is sent there. */
function mustBeOurs(path: string): void {
  const uid = process.getuid?.();
  const owner = ownerOf(path);
  if (uid === undefined || uid === 0 || owner === undefined || owner === uid) return;
  throw new Refusal(`${path} belongs to uid ${owner}, not to you`);
}

function ownerOf(path: string): number | undefined {
  try {
    return lstatSync(path).uid;
  } catch {
    // Connecting says what is wrong.
    return undefined;
  }
}

/** Rejects with `NoSupervisor` when none listens at `path`, and with another Refusal when it can't be reached or trusted. */
export async function openSocket(path: string): Promise<Socket> {
  mustBeOurs(path);
  return await opened(path);
}

function opened(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      const noneListens = ["ENOENT", "ECONNREFUSED", "ENOTSOCK", "ENOTDIR"].includes(error.code ?? "");
      reject(noneListens ? new NoSupervisor(`no supervisor answers at ${path}`) : new Refusal(error.message));
    });
  });
}
