/**
 * Requests that wait for their turn. One that has waited for too long is answered 503 with Retry-After, and
 * so are all when the job leaves: nobody's connection is broken, and none is forgotten.
 */
import type { ServerResponse } from "node:http";

export interface Wish {
  prompt: string;
  letters: number;
  seed: number;
}

interface Waiting {
  wish: Wish;
  response: ServerResponse;
  timer: NodeJS.Timeout;
}

export class Requests {
  readonly #waitSeconds: number;
  readonly #isHeld: () => boolean;
  readonly #waiting = new Set<Waiting>();
  #leaving = false;
  #arrived: (() => void) | null = null;

  /**
   * @param waitSeconds how long one may wait
   * @param isHeld whether nothing is answered now
   */
  constructor(waitSeconds: number, isHeld: () => boolean) {
    this.#waitSeconds = waitSeconds;
    this.#isHeld = isHeld;
  }

  get count(): number {
    return this.#waiting.size;
  }

  add(wish: Wish, response: ServerResponse): void {
    // A job whose context can't be saved stays, and goes on one day.
    this.#leaving &&= this.#isHeld();
    if (this.#leaving) {
      void this.#refuse(response);
      return;
    }
    const timer = setTimeout(() => this.#giveUp(waiting), this.#waitSeconds * 1000);
    const waiting = { wish, response, timer };
    this.#waiting.add(waiting);
    // A client that has gone away needs no answer.
    response.on("close", () => this.#forget(waiting));
    this.#arrived?.();
  }

  /** Resolves when one waits. */
  async some(): Promise<void> {
    while (this.#waiting.size === 0)
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
  }

  /** The oldest; null when it has given up meanwhile. */
  take(): Pick<Waiting, "wish" | "response"> | null {
    const [oldest] = this.#waiting;
    if (oldest !== undefined) this.#forget(oldest);
    return oldest ?? null;
  }

  /** Tells everybody to come again, until the job goes on. Resolves when all who wait have been told. */
  async leave(): Promise<void> {
    this.#leaving = true;
    await Promise.all([...this.#waiting].map((waiting) => this.#giveUp(waiting)));
  }

  #forget(waiting: Waiting): void {
    clearTimeout(waiting.timer);
    this.#waiting.delete(waiting);
  }

  #giveUp(waiting: Waiting): Promise<void> {
    this.#forget(waiting);
    return this.#refuse(waiting.response);
  }

  #refuse(response: ServerResponse): Promise<void> {
    const headers = { "Retry-After": Math.ceil(this.#waitSeconds), Connection: "close" };
    return send(response, 503, "The model can't answer now. Try again later.\n", headers);
  }
}

/** Resolves when the system has it all, or the client is gone. */
export function send(response: ServerResponse, status: number, text: string, headers = {}): Promise<void> {
  const sent = new Promise<void>((resolve) => response.once("close", () => resolve()));
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", ...headers });
  response.end(text);
  return sent;
}
