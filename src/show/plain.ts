/**
 * What people read without a dashboard: the `status` table and the answer to "why?". Pure; never
 * prints.
 */

import type { JobView, Snapshot } from "../control/protocol.ts";
import { isAtWork } from "../model/state.ts";
import { elapsed } from "../words/duration.ts";
import { handOverText } from "../words/sentences/hand-over.ts";
import { sightText } from "../words/sentences/sight.ts";
import { whyText } from "../words/sentences/why/why.ts";
import { cellsOf, pad, wrap } from "./draw/cells.ts";
import { FEW, inOrder } from "./draw/job-order.ts";
import { jobRows } from "./draw/job-rows.ts";
import { type Line, paint } from "./draw/lines.ts";
import { gaugeLines, gaugeRows } from "./draw/machine-gauges.ts";
import { nextOf } from "./job-words.ts";
import { neutral } from "./neutral.ts";
import { costLines, processWords } from "./screen/pages/pages.ts";

const unpainted = (line: Line): string => paint(line, "none").trimEnd();

/** The machine and each job, no line wider than `width` columns; many jobs have one line each. */
export function formatStatus(snapshot: Snapshot, width: number): string {
  const { supervisor, jobs, atMs } = snapshot;
  const up = elapsed(atMs - supervisor.startedAtMs);
  const title = `supervisor ${supervisor.version} on ${supervisor.host}, pid ${supervisor.pid}, up ${up}`;
  const warnings = supervisor.warnings.flatMap((warning) => wrap(`! ${warning}`, width));
  const table = { jobs: inOrder(jobs), selected: null, nowMs: atMs };
  const rows = jobRows(table, width, jobs.length <= FEW ? Number.MAX_SAFE_INTEGER : jobs.length).lines;
  const none = wrap("No jobs. Add one: supervisor run -- COMMAND", width);
  return [
    ...wrap(title, width),
    ...warnings,
    ...gaugeLines(snapshot, width, gaugeRows(snapshot)).map(unpainted),
    "",
    ...(jobs.length === 0 ? none : rows.map(unpainted)),
    ...(jobs.length <= FEW ? folderLines(jobs, width) : []),
  ].join("\n");
}

/** Whose jobs work where, if not all in one folder. */
function folderLines(jobs: JobView[], width: number): string[] {
  const named = new Map<string, string[]>();
  for (const { name, folder } of inOrder(jobs))
    if (folder !== undefined) named.set(folder, [...(named.get(folder) ?? []), name]);
  if (named.size < 2) return [];
  return [
    "",
    ...[...named].flatMap(([folder, names]) => hanging(neutral(`in ${folder}: ${names.join(", ")}`), width)),
  ];
}

const isDone = ({ state, why }: JobView): boolean => state === "finished" && why.finishedWith === undefined;

/** The jobs that an answer to "why?" is about: the one that is named, or all that don't run and haven't finished. */
export const askedAbout = (jobs: JobView[], name?: string): JobView[] =>
  jobs.filter((job) => (name === undefined ? !isAtWork(job.state) && !isDone(job) : job.name === name));

/** Why the job `name` is as it is; without a name, every one that neither runs nor has finished. */
export function formatWhy(snapshot: Snapshot, name?: string, width = Number.POSITIVE_INFINITY): string {
  const asked = askedAbout(snapshot.jobs, name);
  if (asked.length === 0) {
    if (name !== undefined) return `There is no job '${neutral(name)}'.`;
    return snapshot.jobs.length === 0 ? "There are no jobs." : "Every job is running or finished.";
  }
  const indent = Math.max(...asked.map((view) => cellsOf(neutral(view.name)))) + 2;
  const page = { indent, width, whole: name !== undefined };
  return asked.map((view) => whyLines(view, snapshot.atMs, page).join("\n")).join("\n");
}

/** Wrapped at `room`, with what follows set in under its beginning. */
function hanging(line: string, room: number): string[] {
  if (cellsOf(line) <= room) return [line];
  const margin = " ".repeat(line.length - line.trimStart().length + 2);
  const [first = "", ...rest] = wrap(line.trimStart(), room - margin.length);
  return [`${margin.slice(2)}${first}`, ...rest.map((part) => margin + part)];
}

/** One command after "Sooner:", or several below each other with what each does. */
function soonerLines({ why }: JobView): string[] {
  const { sooner = [] } = why;
  const widest = Math.max(...sooner.map(({ command }) => cellsOf(neutral(command))));
  const [only] = sooner;
  if (sooner.length === 1 && only) return [`Sooner: ${neutral(only.command)}   ${neutral(only.does)}`];
  return sooner.map(({ command, does }) => `  ${pad(command, widest)}   ${neutral(does)}`);
}

interface Page {
  /** With what was learned of the job. */
  whole: boolean;
  indent: number;
  width: number;
}

function whyLines(job: JobView, nowMs: number, { indent, width, whole }: Page): string[] {
  const margin = " ".repeat(indent);
  // Beside a long name on a narrow terminal there must be room for words.
  const room = Math.max(20, width - indent);
  const { waitingFor, handsOver } = job.why;
  const by = waitingFor.flatMap(({ processes }) => processes ?? []);
  const next = nextOf(job, nowMs);
  const lines = [
    neutral(whyText(job.why, nowMs)),
    ...by.map((process) => `  ${neutral(processWords(process))}`),
    ...(next === "" ? [] : [`next: ${neutral(next)}`]),
    ...soonerLines(job),
    ...(whole ? costLines(job).map(([label, text]) => `${label}: ${text}`) : []),
    ...(handsOver === undefined ? [] : [`! ${neutral(handOverText(handsOver))}`]),
    ...(job.why.unseen ?? []).map((one) => `! ${neutral(sightText(one))}`),
  ];
  return lines
    .flatMap((line) => hanging(line, room))
    .map((line, index) => (index === 0 ? pad(job.name, indent) : margin) + line);
}
