/** Streams of other libraries led through a job's gate: iterables, and the Web's streams. */
import { type Transformer, TransformStream } from "node:stream/web";
import type { Stream } from "./stream.ts";

export interface PausableOptions {
  /** Named when the job waits for it. */
  name?: string;
  /**
   * What the source does while it is asked for a frame. "computes" (default): the frame under way is
   * finished before the job counts as held. "waits": for a microphone, a queue, a client; waiting isn't work.
   */
  source?: "computes" | "waits";
}

/** Every frame of `frames`, each let through the gate. Ends the stream, and the source, with the consumer. */
export async function* throughGate<T>(
  stream: Stream,
  frames: AsyncIterable<T> | Iterable<T>,
  source: PausableOptions["source"] = "computes",
): AsyncGenerator<T, void, void> {
  const from: AsyncIterator<T> | Iterator<T> =
    Symbol.asyncIterator in frames ? frames[Symbol.asyncIterator]() : frames[Symbol.iterator]();
  let done = false;
  try {
    for (;;) {
      // Asked for before the gate, a frame would be computed while the job is held.
      await stream.rest();
      const next = await (source === "waits" ? from.next() : stream.working(() => from.next()));
      if (next.done) {
        done = true;
        return;
      }
      await stream.gate();
      yield next.value;
    }
  } finally {
    stream.end();
    if (!done) await from.return?.();
  }
}

/** The same as a stage of a Web stream. It keeps no frame back but the one at the gate. */
export function gateStage<T>(stream: Stream): TransformStream<T, T> {
  const stage: Transformer<T, T> & { cancel(): void } = {
    transform: async (frame, out) => {
      // What becomes of the frame afterwards can't be seen from here.
      await stream.pass(false);
      out.enqueue(frame);
    },
    flush: () => stream.end(),
    cancel: () => stream.end(),
  };
  return new TransformStream(stage, { highWaterMark: 1 }, { highWaterMark: 0 });
}
