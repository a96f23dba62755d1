/** Over a real database. */
import { expect, test } from "vitest";
import type { EventKind, NewEvent } from "../../src/model/event.ts";
import type { RecordJournal } from "../../src/record/journal.ts";
import { gather } from "../../src/report/gather.ts";
import { type Report, reportOf } from "../../src/report/report.ts";
import type { SpanState } from "../../src/report/span.ts";
import { at, event, sample } from "../record/material.ts";
import { openJournal } from "../record/scratch.ts";

function tell(journal: RecordJournal, second: number, kind: EventKind, more: Partial<NewEvent> = {}): void {
  journal.append([event(`${kind}.`, { kind, job: "asr", run: 1, actor: "supervisor", ...more })], at(second));
}

const reportUntil = (path: string, second: number): Report =>
  reportOf(gather(path, { sinceMs: at(0).wallMs, untilMs: at(second).wallMs }, null));

const secondsOf = ({ jobs }: Report, state: SpanState): number => (jobs[0]?.timesMs[state] ?? 0) / 1000;

test("a supervisor that was stopped, and left its jobs running, had watched them until then", () => {
  const journal = openJournal();
  tell(journal, 0, "job.started", { outcome: { gpus: [] } });
  tell(journal, 7000, "supervisor.stopped", { job: null });
  tell(journal, 9000, "supervisor.started", { job: null });
  tell(journal, 9003, "job.finished", { outcome: { code: 0 } });
  const report = reportUntil(journal.path, 9500);
  expect([secondsOf(report, "running"), secondsOf(report, "unwatched")]).toEqual([7000, 2003]);
});

/** Awake, it takes a sample every minute; `slept`: until then. */
function samples(journal: RecordJournal, from: number, to: number, slept = 0): void {
  for (let second = from; second <= to; second += 60) {
    const { wallMs, monotonicMs } = at(second);
    journal.addSample(sample({ wallMs, monotonicMs: monotonicMs - slept * 1000 }));
  }
}

test("while the machine slept nothing ran and nothing was paused, and what was paused before stays so", () => {
  const journal = openJournal();
  const of = (job: string) => ({ job, outcome: { gpus: [] } });
  for (const job of ["asr", "tts", "zip"]) tell(journal, 0, "job.started", of(job));
  samples(journal, 0, 1200);
  tell(journal, 1210, "pause.requested", { job: "tts", outcome: { method: "checkpoint" } });
  tell(journal, 1215, "pause.completed", {
    job: "tts",
    outcome: { method: "checkpoint", goneAfterMs: 5000 },
  });
  tell(journal, 1220, "pause.requested", { job: "zip", outcome: { method: "checkpoint" } });
  samples(journal, 30_000, 30_600, 28_750);
  tell(journal, 30_010, "pause.completed", {
    job: "zip",
    outcome: { method: "checkpoint", goneAfterMs: 42_000 },
  });
  tell(journal, 30_020, "resume.requested", of("tts"));
  const { jobs } = reportUntil(journal.path, 30_601);
  const [asr, tts, zip] = jobs.map(({ spans }) =>
    spans.map(
      ({ state, fromMs, toMs }) =>
        `${state} ${[fromMs, toMs].map((ms) => (ms - at(0).wallMs) / 1000).join("-")}`,
    ),
  );
  expect(asr).toEqual(["running 0-1220", "unwatched 1220-30000", "running 30000-30601"]);
  expect(tts?.slice(2)).toEqual(["paused 1215-30020", "starting 30020-30601"]);
  expect(zip).toEqual([
    "running 0-1220",
    "unwatched 1220-30000",
    "pausing 30000-30010",
    "paused 30010-30601",
  ]);
  expect(jobs.flatMap(({ pausesOfJob }) => pausesOfJob.map(({ costMs }) => costMs))).toEqual([5000, 42_000]);
});

test("neither a supervisor's absence, nor a reboot, nor a sleep outside of the period is taken for sleep", () => {
  const journal = openJournal();
  tell(journal, 0, "job.started", { outcome: { gpus: [] } });
  samples(journal, 0, 600);
  samples(journal, 4000, 4600);
  samples(journal, 9000, 9600, 9900);
  samples(journal, 20_000, 20_600, 19_900);
  tell(journal, 20_600, "job.finished");
  const unwatchedUntil = (second: number): number =>
    secondsOf(reportUntil(journal.path, second), "unwatched");
  expect([unwatchedUntil(9600), unwatchedUntil(20_601)]).toEqual([0, 10_400]);
});
