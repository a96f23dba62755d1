/**
 * The answer to "why?" in words: nothing is cut from it, and nothing that stands beside it is said again.
 * Covers: src/words/sentences/room.ts, src/words/sentences/why/why-held.ts, src/words/sentences/why/why-next.ts,
 * src/words/sentences/why/why-pausing.ts, src/words/sentences/copying.ts, src/words/sentences/begun-with.ts
 */
import { expect, test } from "vitest";
import type { Why } from "../../../../src/model/why.ts";
import { reasonText, whyBeside, whyText } from "../../../../src/words/sentences/why/why.ts";
import { nextAndComing, nextText, waitAndComing } from "../../../../src/words/sentences/why/why-next.ts";

process.env.TZ = "UTC";
const AT = Date.UTC(2026, 10, 24, 14, 2, 19);
const MINUTE = 60_000;
const at = (hour: number, minute: number): number => Date.UTC(2026, 10, 24, hour, minute);

const why = (more: Partial<Why>): Why => ({
  job: "tts",
  state: "running",
  sinceMs: at(13, 50),
  waitingFor: [],
  next: null,
  ...more,
});
const because = (reason: string): Pick<Why, "cause"> => ({ cause: { actor: "rule:cpu", reason } });
const window = { code: "window" as const, text: "window 'night' opens at 22:00", untilMs: at(22, 0) };

/** Texts that a search for the program's own words would find in the names of others. */
const TRAPS = [
  "paused at 13:50: runs since 13:50",
  "It was 'paused at 13:50: ' again.",
  "runs since 13:50",
  "no step for 12 min",
  "14:10",
];

test.each(TRAPS)("'%s' in a rule's name, a reason or a window's name is shown whole", (trap) => {
  for (const state of ["paused", "frozen", "standby", "pausing"] as const) {
    const one = why({ state, ...because(trap) });
    expect(whyBeside(one, AT)).toBe(state === "pausing" ? trap : reasonText(one, AT));
    for (const text of [whyText(one, AT), whyBeside(one, AT)]) expect(text.endsWith(trap)).toBe(true);
  }
  const next = { what: "window-closes" as const, window: trap, atMs: at(14, 10) };
  expect(nextAndComing(next, AT)).toBe(`pauses when window '${trap}' closes at 14:10 (in 7 min 41 s)`);
  const waiting = { code: "rule" as const, text: `rule '${trap}' must be clear`, untilMs: at(14, 10) };
  expect(waitAndComing(waiting, AT)).toBe(`rule '${trap}' must be clear (until 14:10, in 7 min 41 s)`);
  expect(whyText(why({ state: "failed", failure: trap }), AT)).toBe(`failed at 13:50: ${trap}`);
});

test.each<[string, Partial<Why>, whole: string, beside: string]>([
  ["a run", {}, "running since 13:50", ""],
  [
    "a run with all that can be said of one",
    { stalledSinceMs: AT - 12 * MINUTE, outsideWindow: true, turn: { user: "bob", forMs: 120 * MINUTE } },
    "running since 13:50; no step for 12 min (since 13:50); outside its window by hand; bob asks for a turn of 2 h: supervisor pause tts",
    "no step for 12 min (since 13:50); outside its window by hand; bob asks for a turn of 2 h: supervisor pause tts",
  ],
  [
    "a run that was cancelled",
    { cancelling: true },
    "running since 13:50; it was cancelled and asked to end",
    "it was cancelled and asked to end",
  ],
  ["an end", { state: "finished" }, "finished at 13:50.", ""],
  ["a failure", { state: "failed", failure: "Exit 1." }, "failed at 13:50: Exit 1.", "Exit 1."],
  [
    "a start",
    { state: "starting" },
    "starting since 13:50; its first process isn't known yet",
    "its first process isn't known yet",
  ],
  ["a job in nobody's way", { state: "waiting" }, "starts at once", "starts at once"],
  [
    "a wait",
    { state: "waiting", waitingFor: [window] },
    "waits: window 'night' opens at 22:00",
    "window 'night' opens at 22:00",
  ],
  [
    "a pause",
    { state: "paused", ...because("Others use 71 %."), waitingFor: [window] },
    "paused at 13:50: Others use 71 %. Waits: window 'night' opens at 22:00",
    "Others use 71 %. Waits: window 'night' opens at 22:00",
  ],
  [
    "a pause by hand",
    {
      state: "paused",
      ...because("ana paused it."),
      waitingFor: [{ code: "manual", text: "paused by you at 13:50" }, window],
    },
    "paused by you at 13:50; waits: window 'night' opens at 22:00",
    "paused by you at 13:50; waits: window 'night' opens at 22:00",
  ],
  [
    "a run whose checkpoint is backed up",
    { copying: { verb: "upload", bytes: 2.3 * 2 ** 30, of: 7.04 * 2 ** 30 } },
    "running since 13:50; backing up 2.3 of 7.0 GiB",
    "backing up 2.3 of 7.0 GiB",
  ],
  [
    "a pause whose checkpoint is backed up",
    { state: "paused", ...because("Others use 71 %."), copying: { verb: "upload", bytes: 0, of: 2 ** 21 } },
    "paused at 13:50: Others use 71 %. Backing up 0 of 2 MiB.",
    "Others use 71 %. Backing up 0 of 2 MiB.",
  ],
  [
    "the same, which waits",
    {
      state: "paused",
      ...because("Others use 71 %."),
      waitingFor: [window],
      copying: { verb: "upload", bytes: 2 ** 29, of: 2 ** 31 },
    },
    "paused at 13:50: Others use 71 %. Waits: window 'night' opens at 22:00. Backing up 512 MiB of 2.0 GiB.",
    "Others use 71 %. Waits: window 'night' opens at 22:00. Backing up 512 MiB of 2.0 GiB.",
  ],
  [
    "a checkpoint that comes back",
    {
      state: "waiting",
      waitingFor: [{ code: "checkpoint-restore", text: "its checkpoint is fetched from its backup" }],
      copying: { verb: "restore", bytes: 3.5 * 2 ** 30, of: 4 * 2 ** 30 },
    },
    "waits: its checkpoint is fetched from its backup; 3.5 of 4.0 GiB are here",
    "its checkpoint is fetched from its backup; 3.5 of 4.0 GiB are here",
  ],
  [
    "a request that isn't heard",
    { state: "pausing", ...because("ana paused it."), unheard: "SIGUSR1" },
    "asked to pause at 13:50: ana paused it. It doesn't catch SIGUSR1 yet, so the signal waits.",
    "ana paused it. It doesn't catch SIGUSR1 yet, so the signal waits.",
  ],
  [
    "a request that can't be made",
    { state: "pausing", ...because("ana paused it."), cantAsk: "until it saves" },
    "asked to pause at 13:50: ana paused it. It can't be asked to save: it is ended after the next checkpoint that it saves.",
    "ana paused it. It can't be asked to save: it is ended after the next checkpoint that it saves.",
  ],
  [
    "a program that nothing shows to save",
    { state: "running", room: "unproven" },
    "running since 13:50; nothing shows so far that it saves; until something does, under pressure it is frozen: its CPU and GPU time is freed, its memory isn't (to free its memory too: supervisor help pause)",
    "nothing shows so far that it saves; until something does, under pressure it is frozen: its CPU and GPU time is freed, its memory isn't (to free its memory too: supervisor help pause)",
  ],
  ["a program that saves when asked", { state: "running", room: "library" }, "running since 13:50", ""],
  [
    "a pause that left nothing",
    { state: "paused", ...because("ana paused it."), unsaved: "It left no valid checkpoint." },
    "paused at 13:50: ana paused it. It left no valid checkpoint.",
    "ana paused it. It left no valid checkpoint.",
  ],
  [
    "a program that is ended because it has saved by itself",
    { state: "pausing", ...because("ana paused it."), ending: "saved" },
    "asked to pause at 13:50: ana paused it. It saved a checkpoint by itself, so it is ended.",
    "ana paused it. It saved a checkpoint by itself, so it is ended.",
  ],
  [
    "a run that a person ends",
    { state: "pausing", ...because("ana ended it."), ending: "by hand" },
    "asked to pause at 13:50: ana ended it. It was asked to end by SIGTERM.",
    "ana ended it. It was asked to end by SIGTERM.",
  ],
  [
    "a run so young that it may report yet",
    {
      state: "pausing",
      ...because("ana paused it."),
      cantAsk: "until it reports",
      reportUntilMs: at(14, 2) + 30_000,
    },
    "asked to pause at 13:50: ana paused it. It has only just started, and may still report that it saves: it is frozen if it hasn't by 14:02:30.",
    "ana paused it. It has only just started, and may still report that it saves: it is frozen if it hasn't by 14:02:30.",
  ],
  [
    "a pause of a library without a step",
    { state: "pausing", ...because("ana paused it."), unstepped: true },
    "asked to pause at 13:50: ana paused it. It hasn't called job.step() yet, so nothing can pause it there.",
    "ana paused it. It hasn't called job.step() yet, so nothing can pause it there.",
  ],
  [
    "a pause of a program that reports what keeps it from saving",
    { state: "pausing", ...because("ana paused it."), error: "its disk is full." },
    "asked to pause at 13:50: ana paused it. It reports: its disk is full.",
    "ana paused it. It reports: its disk is full.",
  ],
  [
    "a run that was handed another's checkpoint",
    { begunWith: { file: "ckpt_100.pt", argument: true } },
    "running since 13:50; started from ckpt_100.pt",
    "started from ckpt_100.pt",
  ],
  [
    "a run whose arguments don't name its checkpoint",
    { begunWith: { file: "ckpt_100.pt", argument: false } },
    "running since 13:50; started with ckpt_100.pt named in its environment",
    "started with ckpt_100.pt named in its environment",
  ],
  [
    "a run beside a file that isn't used",
    { begunBeside: "ckpt_7.pt" },
    "running since 13:50; started without a checkpoint: ckpt_7.pt isn't used (why: supervisor audit --kind checkpoint.rejected)",
    "started without a checkpoint: ckpt_7.pt isn't used (why: supervisor audit --kind checkpoint.rejected)",
  ],
  [
    "a pause that is overdue",
    {
      state: "pausing",
      ...because("ana paused it."),
      overdue: { forced: "waiting", askedForMs: 12 * MINUTE, gpu: "GPU 0" },
    },
    "still running 12 min after it was asked to pause (13:50); nothing was forced. GPU 0 is still in use. ana paused it.",
    "still running 12 min after it was asked to pause (13:50); nothing was forced. GPU 0 is still in use. ana paused it.",
  ],
  [
    "one that was frozen",
    {
      state: "pausing",
      ...because("ana paused it."),
      overdue: { forced: "frozen", askedForMs: 12 * MINUTE, gpu: null },
    },
    "frozen, as it didn't pause in time (asked at 13:50): ana paused it.",
    "frozen, as it didn't pause in time (asked at 13:50): ana paused it.",
  ],
])("%s is worded whole, and without what stands beside it", (_, more, whole, beside) => {
  expect([whyText(why(more), AT), whyBeside(why(more), AT)]).toEqual([whole, beside]);
});

test("what comes next names its time once", () => {
  const atMs = at(14, 10);
  expect(nextText({ what: "window-closes", atMs }, AT)).toBe("pauses when its window closes at 14:10");
  expect(nextText({ what: "grace-ends", atMs }, AT)).toBe("its grace ends at 14:10");
  expect(nextText({ what: "retry", atMs }, AT)).toBe("tries again at 14:10, if nothing else comes up");
  expect(nextText({ what: "may-go-on", atMs }, AT)).toBe("may run from 14:10, if nothing else comes up");
  expect(waitAndComing(window, AT)).toBe("window 'night' opens at 22:00 (in 7 h 58 min)");
});
