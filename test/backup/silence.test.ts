/**
 * Servers that fall silent are given up, and slow ones aren't, however long they take.
 * Covers: src/backup/bucket.ts
 */
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createSecure } from "node:https";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { Bucket } from "../../src/backup/bucket.ts";
import { failureText } from "../../src/backup/failure-text.ts";

const SILENT_MS = 1500;
/** Of servers that aren't to be given up: this machine, too, may stand still for seconds. They take longer in all. */
const LONG_SILENT_MS = 5000;
const TOO_LATE = "the server doesn't answer in time";

/** Of 127.0.0.1, for these tests alone. */
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgGlRltYe7WQNlCblb
RjPo3AstDXvPIKUP+TzacPC0Xw+hRANCAASRyR8b06/IIczVRbA1G3NGV90CsCUf
qGzxB3mc/aDw4etQD8ggA0sUCn8q3y/yFzB6AMLzQmxiwlvia5z2hs5G
-----END PRIVATE KEY-----
`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUf2BmUbfGMFAnHsD6T64rZNaiRvUwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEzMDIyNDgzN1oYDzIxMjYxMTA2
MjI0ODM3WjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASRyR8b06/IIczVRbA1G3NGV90CsCUfqGzxB3mc/aDw4etQD8ggA0sU
Cn8q3y/yFzB6AMLzQmxiwlvia5z2hs5Go1MwUTAdBgNVHQ4EFgQUmob5E+xgK2bi
Ff9ogYqe1c8HIfwwHwYDVR0jBBgwFoAUmob5E+xgK2biFf9ogYqe1c8HIfwwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiBPioRRbUz3LcdiCWogbAlS
s3me8kxfQHEOXNlVcJ0x9QIhAJKL+53aTv4ksu2wHG1G+nR3o56CBaFjOyNqLcYF
YTDz
-----END CERTIFICATE-----
`;

async function bucketAt(
  answer: RequestListener,
  silentMs = SILENT_MS,
  scheme: "http" | "https" = "http",
): Promise<Bucket> {
  const server =
    scheme === "http" ? createServer(answer) : createSecure({ key: KEY, cert: CERTIFICATE }, answer);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
  const endpoint = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIATEST");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secretsecret");
  const backup = { to: "s3://voice/lab", endpoint, pathStyle: true, keep: 3, partMiB: 5 };
  const bucket = new Bucket(backup, { bucket: "voice", folder: "" }, silentMs);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    bucket.close();
    server.closeAllConnections();
    server.close();
  });
  return bucket;
}

const readAll = async (bucket: Bucket): Promise<number> => {
  let bytes = 0;
  for await (const chunk of bucket.read("lab/model.bin")) bytes += chunk.length;
  return bytes;
};

/** One every 100 ms. */
function sendSlowly(response: ServerResponse, pieces: number): void {
  let sent = 0;
  const timer = setInterval(() => {
    response.write(Buffer.alloc(1000));
    if (++sent < pieces) return;
    clearInterval(timer);
    response.end();
  }, 100);
}

test("one that falls silent in the middle of an object", async () => {
  const bucket = await bucketAt((_, response) => {
    response.setHeader("Content-Length", 2000);
    response.write(Buffer.alloc(1000));
  });
  expect(await readAll(bucket).catch(failureText)).toBe(TOO_LATE);
});

test("one that never answers", async () => {
  let asked = 0;
  const bucket = await bucketAt((request) => {
    asked++;
    request.resume();
  });
  expect(await bucket.put("lab/model.bin", Buffer.alloc(1000)).catch(failureText)).toBe(TOO_LATE);
  expect(asked).toBeGreaterThan(1);
});

test("one that stops reading", async () => {
  const bucket = await bucketAt((request) => void request.once("data", () => request.pause()));
  expect(await bucket.put("lab/model.bin", Buffer.alloc(32 * 2 ** 20)).catch(failureText)).toBe(TOO_LATE);
});

test("one that sends slowly", async () => {
  // A read isn't tried again. In all it takes longer than that, too.
  const bucket = await bucketAt((_, response) => sendSlowly(response, 120), 2 * LONG_SILENT_MS);
  expect(await readAll(bucket)).toBe(120_000);
});

test.each(["http", "https"] as const)("one that reads slowly, over %s", async (scheme) => {
  const bytes = 40 * 2 ** 20;
  let read = 0;
  const answer: RequestListener = (request, response) => {
    read = 0;
    request.on("data", (chunk: Buffer) => {
      read += chunk.length;
      request.pause();
      // The last 4 MiB, which the system keeps for it on the way, take it less than a second.
      setTimeout(() => request.resume(), (chunk.length / (5 * 2 ** 20)) * 1000);
    });
    request.on("end", () => response.end());
  };
  const bucket = await bucketAt(answer, LONG_SILENT_MS, scheme);
  await bucket.put("lab/model.bin", Buffer.alloc(bytes));
  expect(read).toBe(bytes);
});
