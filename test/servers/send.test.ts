import { createServer, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { send } from "../../src/servers/send.ts";

let server: Server;
let heard: { url: string | undefined; key: string | undefined; body: string }[] = [];
afterEach(() => {
  server.closeAllConnections();
  server.close();
  delete process.env.SERVER_KEY_OF_TEST;
});

type Reply = (respond: (status: number, text?: string, headers?: Record<string, string>) => void) => void;

async function at(reply: Reply): Promise<string> {
  heard = [];
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => {
      body += part;
    });
    request.on("end", () => {
      heard.push({ url: request.url, key: request.headers["x-key"] as string | undefined, body });
      reply((status, text = "", headers = {}) => response.writeHead(status, headers).end(text));
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

const post = (url: string, headers = {}, status?: number, withinMs = 30_000) =>
  send(
    { method: "POST", path: "/rest?deep=1", body: { all: true }, ...(status !== undefined && { status }) },
    { url, headers },
    { withinMs, end: new AbortController().signal },
  );

test("sends the body as JSON, and headers from the environment", async () => {
  process.env.SERVER_KEY_OF_TEST = "opensesame";
  const url = await at((respond) => respond(202, "done"));
  expect(await post(`${url}/base/`, { "X-Key": "env:SERVER_KEY_OF_TEST" })).toEqual({
    ok: true,
    text: "done",
  });
  expect(heard).toEqual([{ url: "/base/rest?deep=1", key: "opensesame", body: '{"all":true}' }]);
});

test("a variable that isn't set is named, and nothing is sent", async () => {
  const url = await at((respond) => respond(200));
  const { why } = (await post(url, { "X-Key": "env:SERVER_KEY_OF_TEST" })) as { why: string };
  expect(why).toContain("SERVER_KEY_OF_TEST isn't set");
  expect(heard).toEqual([]);
});

test("a redirect isn't followed", async () => {
  const url = await at((respond) => respond(307, "", { location: "/elsewhere" }));
  expect(await post(url)).toEqual({
    ok: false,
    why: "POST /rest?deep=1: it redirects (status 307), which isn't followed",
  });
  expect(heard).toHaveLength(1);
});

test.each<[string, number | undefined, number, string | null]>([
  ["a bad status", undefined, 503, "it answered with status 503"],
  ["another status than the one expected", 204, 200, "it answered with status 200"],
  ["the expected one", 404, 404, null],
  ["a password", undefined, 401, "it wants a password (status 401); name it in the job's 'pause.headers'"],
])("%s", async (_, expected, status, why) => {
  const url = await at((respond) => respond(status));
  const reply = await post(url, {}, expected);
  expect(reply).toEqual(
    why === null ? { ok: true, text: "" } : { ok: false, why: `POST /rest?deep=1: ${why}` },
  );
});

test("a server that never answers, never ends, or isn't there", async () => {
  const silent = await at(() => {});
  expect(await post(silent, {}, undefined, 300)).toMatchObject({
    why: expect.stringContaining("no answer within"),
  });
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  expect(await post(silent)).toMatchObject({ why: expect.stringContaining("nothing listens at 127.0.0.1:") });
  const large = await at((respond) => respond(200, "x".repeat(5 * 1024 * 1024)));
  expect(await post(large)).toMatchObject({ why: "POST /rest?deep=1: its answer is larger than 4 MiB" });
});

test("an address that can't be read is a failure like any other", async () => {
  expect(await post("http://127.0.0.1:114345")).toEqual({
    ok: false,
    why: "POST /rest?deep=1: http://127.0.0.1:114345 isn't an address",
  });
});
