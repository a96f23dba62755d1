/** Over a real database. */
import { expect, test } from "vitest";
import type { EventKind, NewEvent } from "../../src/model/event.ts";
import type { RecordJournal } from "../../src/record/journal.ts";
import { gather } from "../../src/report/gather.ts";
import { type Report, reportOf } from "../../src/report/report.ts";
import type { SpanState } from "../../src/report/span.ts";
import { at, event } from "../record/material.ts";
import { openJournal } from "../record/scratch.ts";

const tell = (journal: RecordJournal, second: number, kind: EventKind, more: Partial<NewEvent> = {}): void =>
  journal.append([event(`${kind}.`, { kind, job: "asr", run: 1, actor: "supervisor", ...more })], at(second));

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
