/** A real S3 server for tests: Ceph's object gateway, started from Debian's packages on loopback. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  PutBucketPolicyCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { Bucket } from "../../src/backup/bucket.ts";
import type { Backup } from "../../src/backup/bucket-names.ts";
import { freePorts } from "../free-port.ts";

const SCRIPT = join(import.meta.dirname, "radosgw.sh");

export class Store {
  readonly folder = mkdtempSync(join(tmpdir(), "store-"));
  readonly env = { AWS_ACCESS_KEY_ID: "AKIATEST", AWS_SECRET_ACCESS_KEY: "secretsecret" };
  #port = 0;

  /** Takes about 15 s. */
  async start(): Promise<this> {
    this.#port = await freePorts(61);
    this.#run();
    Object.assign(process.env, this.env);
    const client = new S3Client({ endpoint: this.endpoint, region: "us-east-1", forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: "voice" }));
    client.destroy();
    return this;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  backup(more: Partial<Backup> = {}): Backup {
    const { endpoint } = this;
    return { to: "s3://voice/lab", endpoint, pathStyle: true, keep: 3, partMiB: 5, ...more };
  }

  bucket(more: Partial<Backup> = {}): Bucket {
    return new Bucket(this.backup(more), { bucket: "voice", folder: "" });
  }

  /** Nobody may do this there. Returns what allows it again. */
  async deny(Action: string, keys: string): Promise<() => Promise<void>> {
    const client = new S3Client({ endpoint: this.endpoint, region: "us-east-1", forcePathStyle: true });
    const Statement = [{ Effect: "Deny", Principal: "*", Action, Resource: `arn:aws:s3:::voice/${keys}` }];
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
    await client.send(new PutBucketPolicyCommand({ Bucket: "voice", Policy }));
    return async () => {
      await client.send(new DeleteBucketPolicyCommand({ Bucket: "voice" }));
      client.destroy();
    };
  }

  /** The server is down until `open`. */
  shut(): void {
    this.#end("rgw.pid");
  }

  open(): void {
    this.#run("gateway");
  }

  close(): void {
    const run = join(this.folder, "run");
    for (const name of readdirSync(run)) if (name.endsWith(".pid")) this.#end(name);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #end(name: string): void {
    try {
      process.kill(Number(readFileSync(join(this.folder, "run", name), "utf8")), "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }

  #run(...what: string[]): void {
    const done = spawnSync("bash", [SCRIPT, this.folder, String(this.#port), ...what], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    if (done.status !== 0) throw new Error(`radosgw.sh ended with ${done.status}; see ${this.folder}/run`);
  }
}
