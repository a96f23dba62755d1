/** Covers: src/show/screen/session.ts, src/show/stop-outcome.ts */
import { expect, test } from "vitest";
import type { DashboardClient } from "../../../src/control/dashboard-client.ts";
import type { Answer, JobView, Request, Snapshot } from "../../../src/control/protocol.ts";
import type { JobPast } from "../../../src/report/job-past.ts";
import type { Key } from "../../../src/show/screen/keys.ts";
import type { Screen } from "../../../src/show/screen/screen.ts";
import { Session } from "../../../src/show/screen/session.ts";
import { untilHolds } from "../../until.ts";
import { busy } from "../snapshots.ts";

/** A supervisor's end of the connection, worked by the test. */
class Line implements DashboardClient {
  requests: Request[] = [];
  answer: Answer = { id: 1, ok: true, result: {} };
  answers = true;
  closed = false;
  push: (snapshot: Snapshot) => void = () => {};
  drop: (reason: string) => void = () => {};
  stop: (pid: number) => void = () => {};
  onSnapshot(listener: (snapshot: Snapshot) => void): void {
    this.push = listener;
  }
  onClose(listener: (reason: string) => void): void {
    this.drop = listener;
  }
  onStopped(listener: (pid: number) => void): void {
    this.stop = listener;
  }
  async request(request: Request): Promise<Answer> {
    this.requests.push(request);
    if (!this.answers) throw new Error("the connection was lost");
    return this.answer;
  }
  async reconnect(): Promise<void> {
    if (!this.answers) throw new Error("nobody answers");
    this.push(busy());
  }
  close(): void {
    this.closed = true;
  }
}

/** All that ran has been saved and paused. */
function saved(stopping = false): Snapshot {
  const { supervisor, jobs, ...rest } = busy();
  const live = ["starting", "running", "pausing", "standby"];
  const paused = (job: JobView): JobView => (live.includes(job.state) ? { ...job, state: "paused" } : job);
  return { ...rest, supervisor: { ...supervisor, stopping }, jobs: jobs.map(paused) };
}

const PAST: JobPast = { runs: [], pauses: [], checkpoints: [], sinceMs: 0, untilMs: 1, courses: [] };

function open(
  readLog: (job: string) => Promise<string> = async () => "",
  readPast: (job: string) => Promise<JobPast> = async () => PAST,
): {
  line: Line;
  session: Session;
  screen: () => Screen;
  type: (...keys: string[]) => void;
} {
  const line = new Line();
  let last: Screen | null = null;
  const session = new Session(
    line,
    { readLog: (job) => readLog(job.name), readPast: (job) => readPast(job.name), by: "ana" },
    {
      suspend: () => {},
      size: () => ({ width: 80, height: 24 }),
      draw: (screen) => {
        last = screen;
      },
    },
  );
  const type = (...keys: string[]): void => {
    for (const key of keys) session.onKey(key.length > 1 ? ({ named: key } as Key) : { typed: key });
  };
  return { line, session, screen: () => last as unknown as Screen, type };
}

test("a job's past is read when its page is opened, and not before", async () => {
  const asked: string[] = [];
  const { line, screen, type } = open(undefined, async (job) => {
    asked.push(job);
    return PAST;
  });
  line.push(busy());
  type("j", "w", "escape");
  expect(asked).toEqual([]);
  type("enter");
  await untilHolds(() => expect(screen().past).toBe(PAST));
  expect(asked).toEqual(["asr-finetune"]);
  type("escape");
  expect(screen().past).toBeNull();
});

test("what comes after its page was closed isn't shown; a past that can't be read is said", async () => {
  const late = Promise.withResolvers<JobPast>();
  const answers = [late.promise, Promise.reject(new Error("there is no database"))];
  answers[1]?.catch(() => {});
  const { line, screen, type } = open(undefined, () => answers.shift() ?? Promise.resolve(PAST));
  line.push(busy());
  type("enter", "escape");
  late.resolve(PAST);
  await late.promise;
  expect(screen().past).toBeNull();
  type("enter");
  await untilHolds(() => expect(screen().past).toEqual({ unreadable: "there is no database" }));
  type("escape");
});

test("snapshots are drawn, and the selection stays on its job wherever its row goes", () => {
  const { line, screen, type } = open();
  expect(screen().snapshot).toBeNull();
  line.push(busy());
  type("j");
  line.push({ ...busy(), jobs: [...busy().jobs].reverse() });
  expect(screen().selected).toBe("asr-finetune");
  line.push({ ...busy(), jobs: busy().jobs.filter((job) => job.name !== "asr-finetune") });
  expect(screen().selected).toBe("voice-train");
});

test("a pause is asked for in the user's name; the answer is shown until the next key", async () => {
  const { line, screen, type } = open();
  line.push(busy());
  type("p");
  expect(line.requests).toEqual([{ verb: "pause", jobs: ["voice-train"], untilMs: null, by: "ana" }]);
  await untilHolds(() => expect(screen().message?.tone).toBe("good"));
  line.answer = { id: 2, ok: false, code: "refused", error: "it is finished" };
  type("r");
  await untilHolds(() => expect(screen().message).toEqual({ text: "it is finished", tone: "bad" }));
  type("j");
  expect(screen().message).toBeNull();
});

test("a request that is lost with the connection says so", async () => {
  const { line, screen, type } = open();
  line.push(busy());
  line.answers = false;
  type("p");
  await untilHolds(() => expect(screen().message?.text).toContain("lost"));
});

test("after a loss it says so, keeps the last picture, and comes back by itself", async () => {
  const { line, screen } = open();
  line.push(busy());
  line.answers = false;
  line.drop("it closed the connection");
  expect(screen().lost).toContain("gone (it closed the connection)");
  expect(screen().snapshot).not.toBeNull();
  line.answers = true;
  await untilHolds(() => expect(screen().lost).toBeNull());
});

test("a supervisor whose process is stopped is told of until it goes on", () => {
  const { line, screen } = open();
  line.push(busy());
  line.stop(4711);
  expect(screen()).toMatchObject({ lost: expect.stringContaining("kill -CONT 4711") });
  line.push(busy());
  expect(screen().lost).toBeNull();
});

test("whoever leaves is told whether the supervisor goes on, stands still or is gone", async () => {
  const after = async (happens: (line: Line) => void): Promise<string[]> => {
    const { line, session } = open();
    line.push(busy());
    line.answers = false;
    happens(line);
    session.detach();
    return (await session.ended).lines;
  };
  const goesOn = "Detached: the supervisor and its jobs go on. Look again: supervisor dashboard";
  const gone = "Detached. No supervisor answers; start it: supervisor start";
  expect(await after(() => {})).toEqual([goesOn]);
  expect(await after((line) => line.stop(4711))).toEqual([
    "Detached. The supervisor is stopped (Ctrl-Z or SIGSTOP): kill -CONT 4711 continues it.",
  ]);
  const killed = (line: Line): void => {
    line.stop(4711);
    line.drop("it closed the connection");
  };
  expect(await after(killed)).toEqual([gone]);
  const isBack = (line: Line): void => {
    killed(line);
    line.push(busy());
  };
  expect(await after(isBack)).toEqual([goesOn]);
});

test("a supervisor that was stopping and is gone has stopped", async () => {
  const { line, session } = open();
  line.push({ ...busy(), supervisor: { ...busy().supervisor, stopping: true } });
  line.push(saved(true));
  line.drop("it closed the connection");
  await expect(session.ended).resolves.toMatchObject({ end: "stopped" });
  expect(line.closed).toBe(true);
});

test("stop saves and pauses; its answer ends the dashboard, a refusal doesn't", async () => {
  const { line, session, screen, type } = open();
  line.push(busy());
  line.answer = { id: 1, ok: false, code: "failed", error: "not now" };
  type("ctrl-c", "s");
  await untilHolds(() => expect(screen().message?.text).toBe("not now"));
  line.answer = { id: 2, ok: true, result: {} };
  type("ctrl-c", "s");
  line.push(saved());
  await expect(session.ended).resolves.toMatchObject({ end: "stopped" });
  expect(line.requests.at(-1)).toEqual({ verb: "stop", pauseJobs: true, by: "ana" });
});

test("a stop that leaves a job unsaved, or isn't recorded, says so when the screen is given back", async () => {
  const { line, session, type } = open();
  line.push(busy());
  const answered = Promise.withResolvers<Answer>();
  line.request = () => answered.promise;
  type("ctrl-c", "s");
  const asked = busy().jobs.find(({ state }) => state === "pausing");
  const after = saved();
  const failed = (job: JobView): JobView =>
    job.name === asked?.name ? { ...job, why: { ...job.why, unsaved: "Run 3 was killed." } } : job;
  line.push({ ...after, jobs: after.jobs.map(failed) });
  answered.resolve({ id: 1, ok: true, result: { unrecorded: "The last events are lost." } });
  const { end, lines } = await session.ended;
  expect(end).toBe("unsaved");
  expect(lines.slice(1)).toEqual([
    `${asked?.name} wasn't saved: Run 3 was killed.`,
    "The last events are lost.",
  ]);
});

test("a supervisor that goes before it has answered a stop has stopped", async () => {
  const { line, session, type } = open();
  line.push(busy());
  line.request = () => new Promise(() => {});
  type("ctrl-c", "s");
  line.push(saved());
  line.drop("it closed the connection");
  await expect(session.ended).resolves.toMatchObject({ end: "stopped" });
});

test("q closes the connection and nothing else", async () => {
  const { line, session, type } = open();
  line.push(busy());
  type("q", "p");
  await expect(session.ended).resolves.toMatchObject({ end: "detached" });
  expect(line).toMatchObject({ closed: true, requests: [] });
});

test("the log of the selected job is read and followed while it is open", async () => {
  let text = "first\n";
  const { line, screen, type, session } = open(async (job) => {
    if (job === "vocoder") throw new Error("it has no log");
    return text;
  });
  line.push(busy());
  type("l");
  await untilHolds(() => expect(screen().log).toEqual({ lines: ["first"] }));
  text = "first\nsecond\n";
  await untilHolds(() => expect(screen().log).toEqual({ lines: ["first", "second"] }));
  type("escape");
  expect(screen().log).toBeNull();
  type("G", "l");
  await untilHolds(() => expect(screen().log).toEqual({ unreadable: "it has no log" }));
  session.detach();
});
