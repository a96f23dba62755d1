/** What the tests of the control socket start from: one in a folder of its own, what was asked there, and its clients. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ControlClient, connectControl } from "../../src/control/client.ts";
import type { Answer, Snapshot } from "../../src/control/protocol.ts";
import { type AnswerBody, type Command, type ControlServer, serveControl } from "../../src/control/serve.ts";

export let directory: string;
export let path: string;
let server: ControlServer | null = null;
/** How many there were, and how many bytes each has at least. */
export const snapshots = { made: 0, size: 10 };
export const asked: Command[] = [];
export const open: (ControlClient | Socket)[] = [];

export const snapshot = () =>
  ({ schemaVersion: 1, atMs: ++snapshots.made, filler: "x".repeat(snapshots.size) }) as unknown as Snapshot;

async function answer(request: Command): Promise<AnswerBody> {
  asked.push(request);
  if (request.verb === "cancel") throw new Error("it broke");
  return { ok: true, result: request.verb };
}

export async function serve(onRequest = answer): Promise<ControlServer> {
  server = await serveControl(path, { snapshot, onRequest });
  return server;
}

/** A client that writes whatever it likes, and what it was answered. */
export async function raw(): Promise<{ socket: Socket; answers: Answer[]; closed: () => boolean }> {
  const socket = connect(path);
  open.push(socket as Socket);
  const answers: Answer[] = [];
  let closed = false;
  let rest = "";
  socket.on("error", () => {});
  socket.on("close", () => {
    closed = true;
  });
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) answers.push(JSON.parse(line));
  });
  await new Promise((resolve) => socket.once("connect", resolve));
  return { socket, answers, closed: () => closed };
}

export async function client(watch = false): Promise<ControlClient> {
  const made = await connectControl(path, { watch });
  open.push(made);
  return made;
}

/** Before each test. */
export function begin(): void {
  directory = mkdtempSync(join(tmpdir(), "control-"));
  path = join(directory, "state", "supervisor.sock");
  Object.assign(snapshots, { made: 0, size: 10 });
  asked.length = 0;
}

/** After each test. */
export async function end(): Promise<void> {
  for (const one of open.splice(0)) "destroy" in one ? one.destroy() : one.close();
  await server?.close();
  server = null;
  rmSync(directory, { recursive: true });
}
