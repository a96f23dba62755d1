/** `report`: where the time went and what pausing cost, from the audit log itself; needs no supervisor. */
import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import v8 from "node:v8";
import { wallMs } from "../../../clock.ts";
import { loadConfig } from "../../../config/load.ts";
import { projectName } from "../../../config/project.ts";
import type { Config } from "../../../config/schema/schema.ts";
import type { Sample } from "../../../model/machine.ts";
import { misuse, refusing } from "../../../refusal.ts";
import { csvOf } from "../../../report/csv.ts";
import { energyReport } from "../../../report/energy/energy-report.ts";
import { jobsOfRuns, pricesOf, samplesOf } from "../../../report/energy/gather-energy.ts";
import { gather } from "../../../report/gather.ts";
import { pageFrom } from "../../../report/page/page-from.ts";
import { Plotter } from "../../../report/page/series.ts";
import { type Report, reportOf } from "../../../report/report.ts";
import { formatReport } from "../../../report/table.ts";
import { databaseOf } from "../../audit-log.ts";
import { noSuchJob } from "../../named-jobs.ts";
import { pastMs } from "../../parse-time.ts";
import { print, printJson, say, width } from "../../print.ts";
import { type Options, placesOf } from "../../supervisors/connect.ts";
import { tellProblems } from "../../tell-problems.ts";

export interface ReportOptions extends Options {
  since: string;
  until?: string;
  job?: string;
  csv?: boolean;
  html?: string;
}

export async function report(options: ReportOptions): Promise<void> {
  expectShortLives();
  const period = periodOf(options, wallMs());
  const database = await databaseOf(options);
  const { file } = await placesOf(options);
  const loaded = loadConfig(file);
  if (!loaded.ok) tellProblems(loaded);
  const config = loaded.ok ? loaded.config : null;
  const material = gather(database, period, config);
  const { job, html } = options;
  // Jobs that were removed are known by their events.
  const known = [
    ...new Set([
      ...material.jobs.map(({ name }) => name),
      ...material.events.flatMap(({ job }) => job ?? []),
    ]),
  ];
  if (job !== undefined && !known.includes(job)) throw misuse(noSuchJob(job, known));
  const plain = reportOf({ ...material, ...(job !== undefined && { job }) });
  const plotter = new Plotter(period);
  const shown = html === undefined ? null : plotter;
  // What is shared on a GPU is told by all jobs there.
  const all = job === undefined ? plain : reportOf(material);
  const found = await withEnergy(plain, database, { config, plotter: shown, all });
  if (html !== undefined) {
    const plots = plotter.plots(config?.rules ?? []);
    const title = config === null ? basename(database) : projectName(config.project);
    const page = pageFrom(found, { events: material.events, plots, title });
    refusing(`${html} can't be written`, () => writeFileSync(html, page));
    say(`Wrote ${html}.`);
  } else if (options.json) printJson(found);
  else if (options.csv) print(csvOf(found));
  else print(formatReport(found, width()));
}

/**
 * Samples are read by the ten thousand and dropped at once. Where the first few live through a collection, V8
 * takes all for long-lived and keeps them until a full one: of a month that took twice the memory, and a third
 * more of the CPU.
 */
const expectShortLives = (): void => v8.setFlagsFromString("--no-allocation-site-pretenuring");

/** Reads the samples once, for the energy and for the plots. */
async function withEnergy(
  report: Report,
  database: string,
  { config, plotter, all }: { config: Config | null; plotter: Plotter | null; all: Report },
): Promise<Report> {
  if (config === null) return report;
  const { prices, notes } = await pricesOf(config.tariff);
  const energy = energyReport({
    spans: new Map(all.jobs.map(({ job, spans }) => [job, spans])),
    shown: new Set(report.jobs.map(({ job }) => job)),
    samples: shownTo(plotter, samplesOf(database, report)),
    jobOfRun: jobsOfRuns(database),
    series: prices,
    config,
    sinceMs: report.sinceMs,
    untilMs: report.untilMs,
  });
  return { ...report, energy, notes: [...report.notes, ...notes] };
}

function* shownTo(plotter: Plotter | null, samples: Iterable<Sample>): Generator<Sample, void> {
  for (const sample of samples) {
    plotter?.take(sample);
    yield sample;
  }
}

function periodOf({ since, until, json, csv, html }: ReportOptions, nowMs: number) {
  if ([json, csv, html].filter(Boolean).length > 1) throw misuse("Give one of --json, --csv and --html.");
  const sinceMs = pastMs(since, "--since", nowMs);
  const untilMs = Math.min(nowMs, until === undefined ? nowMs : pastMs(until, "--until", nowMs));
  if (sinceMs >= untilMs) throw misuse("--since must be before --until, and before now.");
  return { sinceMs, untilMs };
}
