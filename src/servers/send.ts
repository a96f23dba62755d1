/**
 * One request to a job's server. Never follows a redirect, which could carry the headers elsewhere, and never
 * takes an answer without end. A failure is half a sentence, without the headers.
 */
import type { RequestOptions } from "node:http";
import type { ServerCalls, ServerRequest } from "../config/schema/server-schema.ts";
import { Missing, secret } from "../notify/webhook.ts";
import { duration } from "../words/duration.ts";
import { size } from "../words/size.ts";

/** More than the metrics of a large server. */
const LARGEST_ANSWER_MIB = 4;

export type Reply = { ok: true; text: string } | { ok: false; why: string };

export interface Sending {
  /** Milliseconds for the whole of it. */
  withinMs: number;
  end: AbortSignal;
}

type Call = Pick<ServerRequest, "method" | "path" | "body" | "status">;

/** `ok`: it answered with the status that was expected. Never rejects. */
export async function send(
  call: Call,
  { url, headers }: Pick<ServerCalls, "url" | "headers">,
  { withinMs, end }: Sending,
): Promise<Reply> {
  const failed = (why: string): Reply => ({ ok: false, why: `${call.method} ${call.path}: ${why}` });
  const address = url.replace(/\/$/, "") + call.path;
  if (!URL.canParse(address)) return failed(`${url} isn't an address`);
  const whole = new URL(address);
  try {
    const own = Object.entries(headers).map(([name, value]) => [name, secret(value, process.env)]);
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const type = body === undefined ? {} : { "content-type": "application/json" };
    const signal = AbortSignal.any([end, AbortSignal.timeout(withinMs)]);
    const options = { method: call.method, headers: { ...type, ...Object.fromEntries(own) }, signal };
    const { status, text } = await exchange(whole, options, body ?? "");
    const problem = problemOf(status, call.status);
    return problem === null ? { ok: true, text } : failed(problem);
  } catch (error) {
    return failed(reasonOf(error, whole, withinMs));
  }
}

function reasonOf(error: unknown, { host }: URL, withinMs: number): string {
  if (error instanceof Missing || error instanceof TooLarge) return error.message;
  const { name, code } = error as NodeJS.ErrnoException;
  if (name === "AbortError" || name === "TimeoutError") return `no answer within ${duration(withinMs)}`;
  if (code === "ECONNREFUSED") return `nothing listens at ${host}`;
  if (code === "ECONNRESET") return "it broke the connection off";
  return code ?? name;
}

function problemOf(status: number, expected: number | undefined): string | null {
  if (expected === undefined ? status >= 200 && status < 300 : status === expected) return null;
  if (status === 401 || status === 403)
    return `it wants a password (status ${status}); name it in the job's 'pause.headers'`;
  if (status >= 300 && status < 400) return `it redirects (status ${status}), which isn't followed`;
  return `it answered with status ${status}`;
}

class TooLarge extends Error {}

async function exchange(
  url: URL,
  options: RequestOptions,
  body: string,
): Promise<{ status: number; text: string }> {
  // Loaded with the first request: Node's HTTP takes 9 MiB, and most supervisors never need it.
  const { request } = url.protocol === "https:" ? await import("node:https") : await import("node:http");
  return new Promise((resolve, reject) => {
    // A connection of its own, closed afterwards.
    const sent = request(url, { agent: false, ...options }, (answer) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      answer.on("data", (part: Buffer) => {
        bytes += part.length;
        if (bytes > LARGEST_ANSWER_MIB * 1024 * 1024)
          sent.destroy(new TooLarge(`its answer is larger than ${size(LARGEST_ANSWER_MIB)}`));
        else parts.push(part);
      });
      answer.on("error", reject);
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString("utf8") }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
