/** The port, asked by a real HTTP client and by clients that misbehave. */
import { once } from "node:events";
import { get, request } from "node:http";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MetricsPort } from "../../src/metrics/metrics-port.ts";
import { freePort } from "../free-port.ts";
import { untilHolds } from "../until.ts";

let port: number;
let metrics: MetricsPort;
let made: number;
beforeEach(async () => {
  port = await freePort();
  made = 0;
  metrics = new MetricsPort(port, () => `é ${"x".repeat(300_000)} ${++made}\n`);
});
afterEach(() => metrics.close());

async function ask(path: string, options: object = {}) {
  const sent = request({ host: "127.0.0.1", port, path, agent: false, ...options });
  sent.end();
  const [answer] = await once(sent, "response");
  return { status: answer.statusCode, type: answer.headers["content-type"], body: await text(answer) };
}

test("it answers with the page of now, whole", async () => {
  const page = await ask("/metrics?x=1", { headers: { Host: `localhost:${port}` } });
  expect(page).toMatchObject({ status: 200, type: "text/plain; version=0.0.4; charset=utf-8" });
  expect(page.body).toBe(`é ${"x".repeat(300_000)} 1\n`);
  expect((await ask("/metrics")).body.endsWith(" 2\n")).toBe(true);
  expect(await ask("/metrics", { method: "HEAD" })).toMatchObject({ status: 200, body: "" });
});

test.each([
  ["another path", "/", {}, 404],
  ["a method that changes things", "/metrics", { method: "DELETE" }, 405],
  ["a name that leads here from elsewhere", "/metrics", { headers: { Host: "evil.example" } }, 403],
])("%s is refused", async (_, path, options, status) => {
  expect((await ask(path, options)).status).toBe(status);
  expect(made).toBe(0);
});

test("a client that sends no end, too much, or nonsense is cut off; others are answered", async () => {
  const silent = connect(port, "127.0.0.1");
  silent.write("GET /metrics HTTP/1.1\r\n");
  const endless = connect(port, "127.0.0.1").on("error", () => {});
  endless.write(`GET /metrics HTTP/1.1\r\nX: ${"y".repeat(20_000)}`);
  await once(endless, "close");
  const nonsense = connect(port, "127.0.0.1");
  nonsense.write("\x16\x03\x01\r\n\r\n");
  expect(await text(nonsense)).toMatch(/^HTTP\/1\.1 400 /);
  expect((await ask("/metrics")).status).toBe(200);
  // It is cut off after a few seconds, without having said anything more.
  silent.resume();
  await once(silent, "close");
});

test("only this machine can reach it; a port that is taken is said", async () => {
  const other = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal);
  if (other) {
    const sent = get({ host: other.address, port, path: "/metrics" });
    const [error] = await once(sent, "error");
    expect(error.code).toBe("ECONNREFUSED");
  }
  const second = new MetricsPort(port, () => "");
  await untilHolds(() =>
    expect(second.problem).toBe(`The metrics can't be read on port ${port}: another program uses it.`),
  );
  await second.close();
  expect(metrics.problem).toBeNull();
});
