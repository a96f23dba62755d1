/**
 * What a server's entity tags prove of what it has stored. AWS's kinds of encryption can't be had here: this server only
 * answers as they do.
 * Covers: src/backup/bucket.ts
 */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { Bucket } from "../../src/backup/bucket.ts";

const BODY = Buffer.from("weights");
const OWN = createHash("md5").update(BODY).digest("hex");
const OTHER = "9ba4961d25d575a71aa2904c95b2c7c4";

async function stored(tag: string, encryption?: string): Promise<unknown> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.setHeader("ETag", `"${tag}"`);
      if (encryption !== undefined) response.setHeader("x-amz-server-side-encryption", encryption);
      response.end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env.AWS_ACCESS_KEY_ID ??= "AKIATEST";
  process.env.AWS_SECRET_ACCESS_KEY ??= "secretsecret";
  const backup = { to: "s3://voice/lab", endpoint, pathStyle: true, keep: 3, partMiB: 5 };
  const bucket = new Bucket(backup, { bucket: "voice", folder: "" });
  onTestFinished(() => {
    bucket.close();
    server.closeAllConnections();
    server.close();
  });
  return await bucket.put("lab/model.bin", BODY).then(
    () => "stored",
    (error: Error) => error.message,
  );
}

test.each([
  ["its own MD5", OWN, undefined, "stored"],
  ["another's", OTHER, undefined, "the server has other bytes of lab/model.bin than were sent"],
  ["another's with the server's own key", OTHER, "AES256", expect.stringContaining("has other bytes")],
  ["one that no MD5 is, with a key of KMS", OTHER, "aws:kms", "stored"],
])("%s", async (_, tag, encryption, outcome) => {
  expect(await stored(tag, encryption)).toEqual(outcome);
});
