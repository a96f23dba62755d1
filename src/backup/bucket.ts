/**
 * The calls on an S3-compatible store that backups need. Loads the client, so only short-lived processes
 * import it: the supervisor would hold its memory for ever. Credentials come from where users of S3 tools
 * keep them: environment, shared files, instance roles.
 */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  ListPartsCommand,
  type ListPartsCommandOutput,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { Backup, Place } from "./bucket-names.ts";

/** Without a byte either way: a server that has fallen silent must not hold a child for ever. */
const SILENT_MS = 60_000;
const PIECE_BYTES = 64 * 1024;
const MOST_TRIES = 4;

export interface StoredObject {
  key: string;
  bytes: number;
  /** The server's time. */
  atMs: number;
}

export interface OpenUpload {
  key: string;
  id: string;
}

export interface Part {
  number: number;
  etag: string;
}

export class Bucket {
  readonly #client: S3Client;
  readonly #name: string;

  /** `silentMs`: milliseconds without a byte, on any request, after which the server is given up. */
  constructor({ endpoint, region, pathStyle }: Backup, { bucket }: Place, silentMs = SILENT_MS) {
    this.#name = bucket;
    const own = endpoint === undefined ? {} : { endpoint, region: "us-east-1" };
    this.#client = new S3Client({
      ...own,
      ...(region !== undefined && { region }),
      forcePathStyle: pathStyle,
      maxAttempts: MOST_TRIES,
      // Checksums in trailers aren't understood by all servers that speak S3; every part carries its MD5 instead.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      requestHandler: { connectionTimeout: 10_000, socketTimeout: silentMs },
    });
    this.#client.middlewareStack.add((next) => (args) => next({ ...args, request: inPieces(args.request) }), {
      step: "deserialize",
      priority: "low",
    });
  }

  /** The server refuses a body whose MD5 differs. Throws what the client throws, as all of these do. */
  async put(key: string, body: Uint8Array): Promise<void> {
    const stored = await this.#client.send(
      new PutObjectCommand({ Bucket: this.#name, Key: key, Body: body, ContentMD5: md5(body, "base64") }),
    );
    mustBe(key, stored, md5(body, "hex"));
  }

  async beginUpload(key: string): Promise<OpenUpload> {
    const { UploadId } = await this.#client.send(
      new CreateMultipartUploadCommand({ Bucket: this.#name, Key: key }),
    );
    if (!UploadId) throw new Error("the server began an upload without a name");
    return { key, id: UploadId };
  }

  async putPart({ key, id }: OpenUpload, number: number, body: Uint8Array): Promise<Part> {
    const { ETag } = await this.#client.send(
      new UploadPartCommand({
        Bucket: this.#name,
        Key: key,
        UploadId: id,
        PartNumber: number,
        Body: body,
        ContentMD5: md5(body, "base64"),
      }),
    );
    return { number, etag: ETag ?? "" };
  }

  async completeUpload({ key, id }: OpenUpload, parts: Part[], expected: string): Promise<void> {
    const Parts = parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag }));
    const stored = await this.#client.send(
      new CompleteMultipartUploadCommand({
        Bucket: this.#name,
        Key: key,
        UploadId: id,
        MultipartUpload: { Parts },
      }),
    );
    mustBe(key, stored, expected);
  }

  async partsOf({ key, id }: OpenUpload): Promise<Part[]> {
    const parts: Part[] = [];
    for (let marker: string | undefined; ; ) {
      const page: ListPartsCommandOutput = await this.#client.send(
        new ListPartsCommand({ Bucket: this.#name, Key: key, UploadId: id, PartNumberMarker: marker }),
      );
      for (const { PartNumber, ETag } of page.Parts ?? [])
        if (PartNumber !== undefined) parts.push({ number: PartNumber, etag: ETag ?? "" });
      if (!page.IsTruncated || page.NextPartNumberMarker === marker) return parts;
      marker = page.NextPartNumberMarker;
    }
  }

  async openUploads(prefix: string): Promise<OpenUpload[]> {
    const open: OpenUpload[] = [];
    for (let [KeyMarker, UploadIdMarker]: (string | undefined)[] = []; ; ) {
      const page: ListMultipartUploadsCommandOutput = await this.#client.send(
        new ListMultipartUploadsCommand({ Bucket: this.#name, Prefix: prefix, KeyMarker, UploadIdMarker }),
      );
      for (const { Key, UploadId } of page.Uploads ?? [])
        if (Key && UploadId) open.push({ key: Key, id: UploadId });
      if (!page.IsTruncated || page.NextKeyMarker === KeyMarker) return open;
      [KeyMarker, UploadIdMarker] = [page.NextKeyMarker, page.NextUploadIdMarker];
    }
  }

  async abortUpload({ key, id }: OpenUpload): Promise<void> {
    await this.#client.send(new AbortMultipartUploadCommand({ Bucket: this.#name, Key: key, UploadId: id }));
  }

  async list(prefix: string): Promise<StoredObject[]> {
    const found: StoredObject[] = [];
    for (let token: string | undefined; ; ) {
      const page: ListObjectsV2CommandOutput = await this.#client.send(
        new ListObjectsV2Command({ Bucket: this.#name, Prefix: prefix, ContinuationToken: token }),
      );
      for (const { Key, Size, LastModified } of page.Contents ?? [])
        if (Key) found.push({ key: Key, bytes: Size ?? 0, atMs: LastModified?.getTime() ?? 0 });
      if (!page.IsTruncated || !page.NextContinuationToken) return found;
      token = page.NextContinuationToken;
    }
  }

  /** The object's bytes as they come. */
  async *read(key: string): AsyncGenerator<Uint8Array> {
    const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: this.#name, Key: key }));
    for await (const chunk of Body as AsyncIterable<Uint8Array>) yield chunk;
  }

  /** The whole of a small object; null where it has more than `mostBytes`. */
  async readSmall(key: string, mostBytes: number): Promise<Buffer | null> {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of this.read(key)) {
      bytes += chunk.length;
      if (bytes > mostBytes) return null;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  async delete(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.#name, Key: key }));
  }

  close(): void {
    this.#client.destroy();
  }
}

/**
 * The request of one try, its body in pieces: over TLS, one write shows no progress before all of it is gone, and a
 * server that reads slowly would seem silent.
 */
function inPieces(request: unknown): unknown {
  const { body } = request as { body?: unknown };
  return body instanceof Uint8Array ? { ...(request as object), body: Readable.from(pieces(body)) } : request;
}

function* pieces(body: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < body.length; at += PIECE_BYTES) yield body.subarray(at, at + PIECE_BYTES);
}

export const md5 = (bytes: Uint8Array, as: "hex" | "base64"): string =>
  createHash("md5").update(bytes).digest(as);

/** An entity tag without its quotes. */
export const bare = (etag: string | undefined): string => (etag ?? "").replaceAll('"', "");

/**
 * Servers that encrypt with keys of their own make tags of another kind, and with a key of KMS some that look like an
 * MD5 and aren't the body's: those prove nothing.
 */
function mustBe(
  key: string,
  {
    ETag,
    ServerSideEncryption: by,
  }: { ETag?: string | undefined; ServerSideEncryption?: string | undefined },
  expected: string,
): void {
  if (by !== undefined && by !== "AES256") return;
  const told = bare(ETag);
  if (/^[0-9a-f]{32}(?:-\d+)?$/.test(told) && told !== expected)
    throw new Error(`the server has other bytes of ${key} than were sent`);
}
