/**
 * Posts one message to a webhook. Never follows a redirect, which could carry the headers elsewhere;
 * says of a failure what happened, never where to or with what.
 */

import type { RequestOptions } from "node:http";
import type { Notify } from "../config/schema/schema.ts";
import { duration } from "../words/duration.ts";

type Post = Pick<Notify, "webhook" | "headers" | "timeoutSeconds">;

/** Null when it was taken, else why not. Never rejects. */
export async function notifyWebhook(
  how: Post,
  message: string,
  end: AbortSignal,
  env = process.env,
): Promise<string | null> {
  try {
    const url = new URL(secret(how.webhook ?? "", env));
    if (url.protocol !== "https:" && url.protocol !== "http:") return "its URL isn't one of http or https";
    const own = Object.entries(how.headers).map(([name, value]) => [name, secret(value, env)]);
    const headers = { "content-type": "application/json", ...Object.fromEntries(own) };
    const signal = AbortSignal.any([end, AbortSignal.timeout(how.timeoutSeconds * 1000)]);
    const status = await post(url, { headers, signal }, message);
    return status >= 200 && status < 300 ? null : `it answers with status ${status}`;
  } catch (error) {
    if (error instanceof Missing) return error.message;
    const { name, code } = error as NodeJS.ErrnoException;
    if (name === "AbortError" || name === "TimeoutError")
      return `no answer within ${duration(how.timeoutSeconds * 1000)}`;
    // Messages of Node's own name the address; its codes don't.
    return code === "ERR_INVALID_URL" ? "its URL isn't one" : (code ?? name);
  }
}

class Missing extends Error {}

/** `env:NAME` → what is set under that name. */
function secret(written: string, env: NodeJS.ProcessEnv): string {
  if (!written.startsWith("env:")) return written;
  const value = env[written.slice(4)];
  if (value) return value;
  throw new Missing(`${written.slice(4)} isn't set in the supervisor's environment`);
}

async function post(url: URL, options: RequestOptions, message: string): Promise<number> {
  // Loaded with the first message: all of Node's HTTP is 9 MiB that most supervisors never need.
  const { request } = url.protocol === "https:" ? await import("node:https") : await import("node:http");
  return new Promise((resolve, reject) => {
    // A connection of its own: none is kept.
    const sent = request(url, { method: "POST", agent: false, ...options }, (answer) => {
      resolve(answer.statusCode ?? 0);
      // What it says isn't needed, and might never end.
      answer.destroy();
    });
    sent.on("error", reject);
    sent.end(message);
  });
}
