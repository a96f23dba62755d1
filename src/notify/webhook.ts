/**
 * Posts one message to a webhook. Never follows a redirect, which could carry the headers elsewhere. The
 * reason of a failure says what happened, never the URL or the headers.
 */

import type { RequestOptions } from "node:http";
import type { Notify } from "../config/schema/schema.ts";
import { duration } from "../words/duration.ts";
import type { Message } from "./message.ts";
import { failed, type Sent } from "./sent.ts";

type Post = Pick<Notify, "webhook" | "headers" | "format" | "timeoutSeconds">;

/** No server is believed that wants a message later than this. */
const LATEST_MS = 3_600_000;

/** `message` gets ntfy's topic, which the URL names. Never rejects. */
export async function notifyWebhook(
  how: Post,
  message: (topic?: string) => Message,
  end: AbortSignal,
  env = process.env,
): Promise<Sent> {
  try {
    const url = new URL(secret(how.webhook ?? "", env));
    if (url.protocol !== "https:" && url.protocol !== "http:")
      throw new Wrong("its URL is neither http nor https");
    const topic = how.format === "ntfy" ? takeTopic(url) : undefined;
    const { body, contentType } = message(topic);
    const own = Object.entries(how.headers).map(([name, value]) => [name, secret(value, env)]);
    const headers = { "content-type": contentType, ...Object.fromEntries(own) };
    const signal = AbortSignal.any([end, AbortSignal.timeout(how.timeoutSeconds * 1000)]);
    return judged(await post(url, { headers, signal }, body));
  } catch (error) {
    if (error instanceof Wrong) return failed(error.message, false);
    const { name, code } = error as NodeJS.ErrnoException;
    if (name === "AbortError" || name === "TimeoutError")
      return failed(`no answer within ${duration(how.timeoutSeconds * 1000)}`, true);
    // Node's messages contain the address; its codes don't.
    return code === "ERR_INVALID_URL" ? failed("its URL is invalid", false) : failed(code ?? name, true);
  }
}

/** What is wrong will be wrong the next time, too. */
class Wrong extends Error {}

/** A variable that a config names isn't set. */
export class Missing extends Wrong {}

/** `env:NAME` → that variable's value; anything else stays. @throws Missing when it isn't set */
export function secret(written: string, env: NodeJS.ProcessEnv): string {
  if (!written.startsWith("env:")) return written;
  const value = env[written.slice(4)];
  if (value) return value;
  throw new Missing(`${written.slice(4)} isn't set in the supervisor's environment`);
}

/** ntfy takes JSON at its root alone, with the topic in it: headers can't hold every character of a name. */
function takeTopic(url: URL): string {
  const topic = /^\/([^/]+)\/?$/.exec(url.pathname)?.[1];
  if (topic === undefined) throw new Wrong("its URL doesn't end in a topic: https://HOST/TOPIC");
  url.pathname = "/";
  return decodeURIComponent(topic);
}

interface Posted {
  status: number;
  retryAfter: string | undefined;
}

function judged({ status, retryAfter }: Posted): Sent {
  if (status >= 200 && status < 300) return { ok: true };
  const again = status >= 500 || [408, 425, 429].includes(status);
  const afterMs = Number(retryAfter) * 1000;
  const reason = `it answered with status ${status}`;
  return failed(reason, again, afterMs > 0 ? Math.min(afterMs, LATEST_MS) : undefined);
}

async function post(url: URL, options: RequestOptions, message: string): Promise<Posted> {
  // Loaded with the first message: Node's HTTP takes 9 MiB, and most supervisors never need it.
  const { request } = url.protocol === "https:" ? await import("node:https") : await import("node:http");
  return new Promise((resolve, reject) => {
    // A connection of its own, closed afterwards.
    const sent = request(url, { method: "POST", agent: false, ...options }, (answer) => {
      resolve({ status: answer.statusCode ?? 0, retryAfter: answer.headers["retry-after"] });
      // The body isn't needed, and might never end.
      answer.destroy();
    });
    sent.on("error", reject);
    sent.end(message);
  });
}
