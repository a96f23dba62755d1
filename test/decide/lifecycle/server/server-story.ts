/** A server of a job that is paused by HTTP, for tests of the talk with it. */
import type { GpuView } from "../../../../src/model/seen.ts";
import type { Answer, Question } from "../../../../src/model/server.ts";
import { at, makeRun, makeSeen, runningJob, Story } from "../../make.ts";

const drain = [{ path: "/busy", json: ["n"], equals: 0 }];
const written = {
  method: "http",
  url: "http://localhost:9",
  drain,
  drainedSeconds: 3,
  release: [{ path: "/rest" }],
  released: [{ path: "/rests" }],
  restore: [{ path: "/wake" }],
  ready: [{ path: "/up" }],
  remainingMiB: 300,
  timeoutSeconds: 20,
  graceSeconds: 50,
};
export const yes: Answer = { is: "yes" };
export const no = (why: string): Answer => ({ is: "no", why });

/** A server whose answers and memory the test tells; it was seen to hold 6000 MiB. */
export class Server extends Story {
  constructor(pause: object = {}, facts: object = {}) {
    const learned = {
      ...runningJob().learned,
      gpuMemoryMiB: { G: { count: 3, recent: [6000, 6000, 6000] } },
    };
    const run = makeRun({ gpus: ["G"] });
    const state = { name: "running", since: at(0), run } as const;
    super(
      runningJob({ pause: { ...written, ...pause } }, { understands: "nothing", learned, state, ...facts }),
    );
  }

  get talk() {
    return "run" in this.job.state ? this.job.state.run.talk : undefined;
  }

  get question(): Question | undefined {
    return this.talk?.question;
  }

  asked(second: number): this {
    return this.pause(second, { method: "http" });
  }

  /** What is seen of it: the answer to its last question, and its memory; a text is why that can't be read. */
  shows(
    second: number,
    answer: Answer | null,
    memory: number | string | undefined = 6000,
    readAt = second,
  ): this {
    const server = { number: this.talk?.number ?? 0, answer };
    const gpus: GpuView = {
      atMs: at(readAt).monotonicMs,
      unavailable: typeof memory === "string" ? memory : null,
      name: "GPU 0",
      freeMiB: 1000,
      entries:
        typeof memory === "number" && memory > 0
          ? [{ pid: 4711, startTime: 1, command: "llm", user: "u", gpuMemoryMiB: memory }]
          : [],
      othersMiB: 0,
      others: [],
    };
    return this.on(second, { kind: "seen", seen: makeSeen({ server }), availableMiB: null, gpus });
  }

  /** Up to the release that was answered with a yes. */
  releasedAt(second: number): this {
    return this.asked(second)
      .shows(second + 1, yes)
      .shows(second + 4, yes)
      .shows(second + 5, yes);
  }
}
