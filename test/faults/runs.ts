/** Runs that end badly, pauses that don't work out, machines that go away: the events they give. */
import type { DriverAnswer, Park } from "../../src/model/park.ts";
import type { Seen } from "../../src/model/seen.ts";
import { words } from "../../src/park/codes.ts";
import {
  at,
  exitCode,
  makeCheckpoint,
  makeJob,
  makeRank,
  makeRun,
  runningJob,
  Story,
} from "../decide/make.ts";
import type { Fault, Group } from "./fault.ts";

/** A job with a checkpoint of step 1,000 that has come to step 1,200. */
const story = (spec: object = {}): Story =>
  new Story(runningJob(spec, { checkpoint: makeCheckpoint(1000, at(-60), { verified: "full" }) })).see(
    1,
    reporting(),
  );

const reporting = (facts: Parameters<typeof makeRank>[0] = {}): Partial<Seen> => ({
  ranks: [makeRank({ step: 1200, ...facts })],
  checkpoints: [makeCheckpoint(1000, at(-60), { verified: "full" })],
});
const ends = (exit: Seen["exit"], facts: Partial<Seen> = {}): Partial<Seen> => ({
  ...reporting(),
  ...facts,
  exit,
});

const event = (fault: string, tell: () => Story): Fault => ({
  fault,
  gives: () => {
    const { events, reasons } = tell();
    const told = events.map((kind, index) => `\`${kind}\` ${reasons[index]}`);
    const last = told.at(-1);
    if (last === undefined) throw new Error(`nothing was told: ${fault}`);
    // Times of day depend on the time zone.
    return last.replaceAll(/\b\d\d:\d\d\b/g, "03:04");
  },
});
const backup = { to: "s3://lab/voice", pathStyle: false, keep: 3, partMiB: 16 } as const;
const lastCopied = makeCheckpoint(1000, at(-60), { verified: "full" });
/** Paused at its checkpoint, which was copied and is gone since. */
function copied(): Story {
  const job = runningJob({ backup }, { checkpoint: lastCopied, backedUp: lastCopied });
  const paused = { ...job, state: { name: "waiting", since: at(0) } } as typeof job;
  return new Story(paused).on(2, { kind: "checked", checkpoints: [], rejected: [] });
}
const backupFails = (verb: "upload" | "restore", reason: string, final: boolean) =>
  ({ kind: "backup", verb, of: lastCopied, tookMs: 900, ok: false, reason, final }) as const;
const byAna = { actor: "user", reason: "Asked for by ana.", critical: false } as const;
/** Of all that was told, only the first event of this kind. */
function told(story: Story, kind: string): Story {
  const at = story.events.indexOf(kind);
  return Object.assign(story, { events: [kind], reasons: story.reasons.slice(at, at + 1) });
}
/** Parked, as its run's files tell; the driver is asked. */
const taken = (): Story =>
  new Story(makeJob())
    .on(1, { kind: "taken-back", run: makeRun(), away: { pid: 4711, heldMiB: 18_432 } })
    .see(2);
/** On its way back when the driver answers to its restore. */
function returning(answer: DriverAnswer, more: Partial<Park> = {}): Story {
  const asked = { call: "restore", number: 1, askedMs: 0, sinceMs: 0, tries: 0 } as const;
  const park: Park = { at: "restoring", pid: 4711, heldMiB: 18_432, ...asked, ...more };
  const run = makeRun({ park });
  return new Story(runningJob({}, { state: { name: "running", since: at(0), run } })).see(2, {
    park: { number: 1, answer },
  });
}
const killed = { known: true, code: 137, signal: "SIGKILL" } as const;

export const runs: Group = {
  title: "Runs and pauses: events of the audit log",
  faults: [
    event("the job ends with 1", () => story().see(2, ends(exitCode(1)))),
    event("its command isn't found", () => new Story(makeJob()).launch(1).see(2, { exit: exitCode(127) })),
    event("it is killed by somebody", () => story().see(2, ends(killed))),
    event("somebody removes its container (podman rm -f)", () =>
      story().see(2, ends({ known: true, code: 137, signal: null, removed: true })),
    ),
    event("its database is lost while it is parked, and its files tell it", () =>
      taken().see(3, { park: { number: 1, answer: { state: "checkpointed", ms: 4 } } }),
    ),
    event("the driver refuses to bring a parked job back", () =>
      returning({ state: "checkpointed", ms: 4, code: 304, why: words(304) }),
    ),
    event("it refuses that after a restore that ran out of memory", () =>
      returning({ state: "checkpointed", ms: 4, code: 304, why: words(304) }, { ranOut: true }),
    ),
    event("it exits 75 although nobody asked, with a new checkpoint", () =>
      told(
        story().see(
          2,
          ends(exitCode(75), { checkpoints: [makeCheckpoint(1200, at(2), { verified: "full" })] }),
        ),
        "pause.completed",
      ),
    ),
    event("it exits 75 although nobody asked, three times without a new checkpoint", () => {
      const run = story().see(2, ends(exitCode(1)));
      for (const second of [30, 60, 120])
        run.launch(second, run.job.checkpoint).see(second + 1, ends(exitCode(75)));
      return run;
    }),
    event("a resume from its newest checkpoint fails at once", () => {
      const older = [makeCheckpoint(800, at(-90), { verified: "full" })];
      const run = story();
      run.job = { ...run.job, older, state: { name: "waiting", since: at(0) } };
      return run.launch(30, run.job.checkpoint).see(33, { exit: exitCode(1) });
    }),
    event("… and from the two before as well", () => {
      const older = [800, 600].map((step) => makeCheckpoint(step, at(-90), { verified: "full" }));
      const run = story();
      run.job = { ...run.job, older, state: { name: "waiting", since: at(0) } };
      for (const second of [30, 40, 50])
        run.launch(second, run.job.checkpoint).see(second + 3, { exit: exitCode(1) });
      return run;
    }),
    event("it fails and isn't to be restarted", () =>
      story({ restart: { onFailure: false } }).see(2, ends(exitCode(1))),
    ),
    event("its launcher was killed: nobody knows how it ended", () => story().see(2, ends({ known: false }))),
    event("it can't be launched", () =>
      new Story({ ...story().job, state: { name: "waiting", since: at(0) } })
        .launch(2)
        .on(3, { kind: "launch-failed", reason: "its folder /data/tts does not exist" }),
    ),
    event("its first process ends, others remain", () =>
      story().see(2, ends(exitCode(0), { leftovers: [{ pid: 4712, command: "python loader.py" }] })),
    ),
    event("its checkpoints leave out a part of its state", () => {
      const run = new Story(runningJob());
      const report = (step: number, loss: number): Story =>
        run.see(step, { ranks: [makeRank({ step, metrics: { loss } })] });
      for (let step = 1; step <= 20; step += 1) report(step, 0.4 + (step % 3) / 50);
      run.see(21, { ...ends(killed), checkpoints: [makeCheckpoint(20, at(20), { verified: "full" })] });
      run.launch(60, run.job.checkpoint);
      report(21, 3.9);
      return told(report(22, 3.7), "resume.doubted");
    }),
    event("it begins without the checkpoint that it was given", () => {
      const run = new Story(runningJob());
      const report = (second: number, step: number): Story =>
        run.see(second, { ranks: [makeRank({ step })] });
      report(1, 900);
      run.see(21, { ...ends(killed), checkpoints: [makeCheckpoint(900, at(20), { verified: "full" })] });
      run.launch(60, run.job.checkpoint);
      report(61, 1);
      return told(report(62, 2), "resume.doubted");
    }),
    event("a save fails", () =>
      story().see(
        2,
        reporting({
          failedSaves: 1,
          error: "checkpoint at step 1200 failed: ENOSPC: no space left on device",
        }),
      ),
    ),
    event("a pause is asked for and the disk has no room for another checkpoint", () => {
      const large = story();
      const decision = {
        verb: "pause",
        job: "tts",
        method: "checkpoint",
        cause: byAna,
        evidence: {},
      } as const;
      const checkpoint = makeCheckpoint(1000, at(-60), { verified: "full", bytes: 20 * 2 ** 30 });
      large.job = { ...large.job, checkpoint };
      return large.on(2, { kind: "pause", decision, diskFreeMiB: 900 });
    }),
    event("asked to pause, it doesn't answer", () => story().pause(2).see(200, reporting())),
    event("asked to pause, a program without a library doesn't catch its `pause.signal`", () =>
      new Story(runningJob({ pause: { signal: "SIGUSR2" } }, { understands: null }))
        .pause(2)
        .see(3, { ranks: [], signalCaught: false }),
    ),
    event("asked to pause, a program that saves when it likes has saved", () => {
      const checkpoints = [makeCheckpoint(1200, at(11), { verified: "size and age only" })];
      return new Story(runningJob({ checkpoint: { glob: "out/*" } }, { understands: "nothing" }))
        .pause(2)
        .see(15, { ranks: [], checkpoints });
    }),
    event("asked to pause, it doesn't answer, and `onTimeout` is kill", () =>
      story({ pause: { onTimeout: "kill" } })
        .pause(2)
        .see(200, reporting()),
    ),
    event("a person has it ended (`pause --terminate`), as it doesn't save", () =>
      story().pause(2).see(200, reporting()).pause(201, { end: true, cause: byAna }),
    ),
    event("ended so, it ignores SIGTERM", () =>
      story().pause(201, { end: true, cause: byAna }).see(232, reporting()),
    ),
    event("asked to pause, it is killed", () => told(story().pause(2).see(3, ends(killed)), "pause.failed")),
    event("asked to pause, it dies in the middle of its save", () => {
      const saving = reporting({ state: "saving", sequence: 1, bytesSaved: 500_000 });
      const died = { known: true, code: 139, signal: "SIGSEGV" } as const;
      return told(
        story()
          .pause(2)
          .see(3, saving)
          .see(4, { ...saving, exit: died }),
        "pause.failed",
      );
    }),
    event("asked to pause, it exits 75 without a new checkpoint", () =>
      story()
        .pause(2)
        .see(3, ends(exitCode(75))),
    ),
    event("its newest checkpoint is gone or broken, and its backup has it", () => copied()),
    event("… and that is brought back", () =>
      copied().on(4, {
        kind: "backup",
        verb: "restore",
        of: lastCopied,
        tookMs: 60_000,
        ok: true,
        bytes: 20e9,
      }),
    ),
    event("… or can't be used", () =>
      copied().on(4, backupFails("restore", "model.bin isn't what its manifest says", true)),
    ),
    event("a checkpoint can't be copied to its backup", () =>
      story({ backup }).on(2, backupFails("upload", "the server can't be reached (ECONNREFUSED)", false)),
    ),
    event("its newest checkpoint is broken", () =>
      story().see(2, {
        ranks: [makeRank({ step: 1200 })],
        checkpoints: [makeCheckpoint(800, at(-90))],
        rejected: [{ path: makeCheckpoint(1000, at(0)).path, reason: "model.bin has another SHA-256" }],
      }),
    ),
    event("the machine reboots", () =>
      story()
        .on(2, { kind: "recovered", bootId: "another boot" })
        .see(3, ends({ known: false }, { ranks: [] })),
    ),
  ],
};
