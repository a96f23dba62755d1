/**
 * Asks the servers of runs what the lifecycle wants to know of them: one request at a time to each address, apart
 * from the tick, with time limits. Remembers the last question of each run and its answer, nothing else; decides
 * nothing.
 */
import type { ServerCalls, ServerCheck } from "../config/schema/server-schema.ts";
import type { Effect } from "../model/effect.ts";
import type { Job } from "../model/job.ts";
import type { Answer, ServerSeen } from "../model/server.ts";
import { compare } from "./compare.ts";
import { send } from "./send.ts";

type Asking = Extract<Effect, { do: "ask" }>;

/** A look must not hold up what it looks for. */
const LOOK_WITHIN_MS = 5000;

export class Servers {
  readonly #wake: () => void;
  readonly #asked = new Map<string, ServerSeen>();
  /** By address: the end of the last request to it. */
  readonly #busy = new Map<string, Promise<void>>();
  readonly #end = new AbortController();

  /** `wake`: called when an answer is there. */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  of(run: string): ServerSeen | undefined {
    return this.#asked.get(run);
  }

  /** Returns at once. A question that was asked already isn't repeated. */
  ask({ run, question, number }: Asking, { spec }: Job): void {
    const { calls } = spec.pause;
    if (calls === undefined || this.#asked.get(run.id)?.number === number) return;
    this.#asked.set(run.id, { number, answer: null });
    const before = this.#busy.get(calls.url) ?? Promise.resolve();
    const asked = before.then(async () => {
      // The next question has come while this one waited for its turn.
      if (this.#asked.get(run.id)?.number !== number) return;
      const answer = await this.#answer(question, calls);
      if (this.#asked.get(run.id)?.number !== number) return;
      this.#asked.set(run.id, { number, answer });
      this.#wake();
    });
    this.#busy.set(calls.url, asked);
  }

  forget(run: string): void {
    this.#asked.delete(run);
  }

  close(): void {
    this.#end.abort();
  }

  async #answer(question: Asking["question"], calls: ServerCalls): Promise<Answer> {
    if (question !== "release" && question !== "restore")
      return this.#look(question === "drained" ? calls.drain : calls[question], calls);
    for (const request of calls[question]) {
      const sending = { withinMs: calls.timeoutSeconds * 1000, end: this.#end.signal };
      const reply = await send(request, calls, sending);
      if (!reply.ok) return { is: "failed", why: reply.why };
    }
    return { is: "yes" };
  }

  /** Yes if all of them hold. */
  async #look(checks: ServerCheck[], calls: ServerCalls): Promise<Answer> {
    for (const check of checks) {
      const withinMs = Math.min(LOOK_WITHIN_MS, calls.timeoutSeconds * 1000);
      const reply = await send(check, calls, { withinMs, end: this.#end.signal });
      if (!reply.ok) return { is: "failed", why: reply.why };
      const answer = compare(check, reply.text);
      if (answer.is !== "yes") return answer;
    }
    return { is: "yes" };
  }
}
