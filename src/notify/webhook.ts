/**
 * Posts one message to a webhook. Never follows a redirect, which could carry the headers elsewhere. The
 * reason of a failure says what happened, never the URL or the headers.
 */

import type { RequestOptions } from "node:http";
import type { Notify } from "../config/schema/schema.ts";
import { duration } from "../words/duration.ts";

type Post = Pick<Notify, "webhook" | "headers" | "timeoutSeconds">;

/** Null when the server accepts it, else the reason why not. Never rejects. */
export async function notifyWebhook(
  how: Post,
  message: string,
  end: AbortSignal,
  env = process.env,
): Promise<string | null> {
  try {
    const url = new URL(secret(how.webhook ?? "", env));
    if (url.protocol !== "https:" && url.protocol !== "http:") return "its URL is neither http nor https";
    const own = Object.entries(how.headers).map(([name, value]) => [name, secret(value, env)]);
    const headers = { "content-type": "application/json", ...Object.fromEntries(own) };
    const signal = AbortSignal.any([end, AbortSignal.timeout(how.timeoutSeconds * 1000)]);
    const status = await post(url, { headers, signal }, message);
    return status >= 200 && status < 300 ? null : `it answered with status ${status}`;
  } catch (error) {
    if (error instanceof Missing) return error.message;
    const { name, code } = error as NodeJS.ErrnoException;
    if (name === "AbortError" || name === "TimeoutError")
      return `no answer within ${duration(how.timeoutSeconds * 1000)}`;
    // Node's messages contain the address; its codes don't.
    return code === "ERR_INVALID_URL" ? "its URL is invalid" : (code ?? name);
  }
}

export class Missing extends Error {}

/** `env:NAME` → that variable's value; anything else stays. @throws Missing when it isn't set */
export function secret(written: string, env: NodeJS.ProcessEnv): string {
  if (!written.startsWith("env:")) return written;
  const value = env[written.slice(4)];
  if (value) return value;
  throw new Missing(`${written.slice(4)} isn't set in the supervisor's environment`);
}

async function post(url: URL, options: RequestOptions, message: string): Promise<number> {
  // Loaded with the first message: Node's HTTP takes 9 MiB, and most supervisors never need it.
  const { request } = url.protocol === "https:" ? await import("node:https") : await import("node:http");
  return new Promise((resolve, reject) => {
    // A connection of its own, closed afterwards.
    const sent = request(url, { method: "POST", agent: false, ...options }, (answer) => {
      resolve(answer.statusCode ?? 0);
      // The body isn't needed, and might never end.
      answer.destroy();
    });
    sent.on("error", reject);
    sent.end(message);
  });
}
