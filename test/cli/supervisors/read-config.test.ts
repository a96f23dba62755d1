import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readConfig } from "../../../src/cli/supervisors/read-config.ts";
import { type ControlClient, connectControl } from "../../../src/control/client.ts";
import { type AnswerBody, type ControlServer, serveControl } from "../../../src/control/serve.ts";

let directory: string;
let server: ControlServer;
let client: ControlClient;
let answer: () => Promise<AnswerBody>;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "read-config-"));
  const path = join(directory, "s.sock");
  server = await serveControl(path, { snapshot: () => ({}) as never, onRequest: () => answer() });
  client = await connectControl(path);
});
afterEach(async () => {
  client.close();
  await server.close();
  rmSync(directory, { recursive: true });
});

it("returns once the supervisor has taken it over", async () => {
  const taken = Promise.withResolvers<AnswerBody>();
  answer = () => taken.promise;
  let over = false;
  const reading = readConfig(client).then(() => {
    over = true;
  });
  expect(over).toBe(false);
  taken.resolve({ ok: true, result: {} });
  await reading;
});

it("a config that the supervisor has problems with is told with them, as a failure", async () => {
  answer = async () => ({ ok: false, code: "refused", error: "It keeps the one before:\npollSeconds" });
  await expect(readConfig(client)).rejects.toMatchObject({
    message: "It keeps the one before:\npollSeconds",
    exitCode: 1,
  });
});

it("waits for no longer than it was told to", async () => {
  answer = () => new Promise(() => {});
  await expect(readConfig(client, 200)).rejects.toMatchObject({
    message: expect.stringContaining("hasn't taken it over within 0.2 s"),
    exitCode: 1,
  });
});
