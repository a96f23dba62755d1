/** `report`: where the time went and what pausing cost, from the audit log itself; needs no supervisor. */
import { wallMs } from "../../clock.ts";
import { loadConfig } from "../../config/load.ts";
import type { Config } from "../../config/schema/schema.ts";
import { misuse } from "../../refusal.ts";
import { csvOf } from "../../report/csv.ts";
import { energyReport } from "../../report/energy/energy-report.ts";
import { jobsOfRuns, pricesOf, samplesOf } from "../../report/energy/gather-energy.ts";
import { gather } from "../../report/gather.ts";
import { type Report, reportOf } from "../../report/report.ts";
import { formatReport } from "../../report/table.ts";
import { databaseOf } from "../audit-log.ts";
import { noSuchJob, type Options, placesOf } from "../connect.ts";
import { pastMs } from "../parse-time.ts";
import { print, printJson, width } from "../print.ts";
import { tellProblems } from "../tell-problems.ts";

export interface ReportOptions extends Options {
  since: string;
  until?: string;
  job?: string;
  csv?: boolean;
}

export async function report(options: ReportOptions): Promise<void> {
  const period = periodOf(options, wallMs());
  const database = await databaseOf(options);
  const { file } = await placesOf(options);
  const loaded = loadConfig(file);
  if (!loaded.ok) tellProblems(loaded);
  const material = gather(database, period, loaded.ok ? loaded.config : null);
  const { job } = options;
  const known = material.jobs.map(({ name }) => name);
  if (job !== undefined && !known.includes(job)) throw misuse(noSuchJob(job, known));
  const plain = reportOf({ ...material, ...(job !== undefined && { job }) });
  const found = loaded.ok ? await withEnergy(plain, database, loaded.config) : plain;
  if (options.json) printJson(found);
  else if (options.csv) print(csvOf(found));
  else print(formatReport(found, width()));
}

async function withEnergy(report: Report, database: string, config: Config): Promise<Report> {
  const { prices, notes } = await pricesOf(config.tariff);
  const energy = energyReport({
    spans: new Map(report.jobs.map(({ job, spans }) => [job, spans])),
    samples: samplesOf(database, report),
    jobOfRun: jobsOfRuns(database),
    series: prices,
    config,
    sinceMs: report.sinceMs,
    untilMs: report.untilMs,
  });
  return { ...report, energy, notes: [...report.notes, ...notes] };
}

function periodOf({ since, until, json, csv }: ReportOptions, nowMs: number) {
  if (json && csv) throw misuse("Give one of --json and --csv.");
  const sinceMs = pastMs(since, "--since", nowMs);
  const untilMs = Math.min(nowMs, until === undefined ? nowMs : pastMs(until, "--until", nowMs));
  if (sinceMs >= untilMs) throw misuse("--since must be before --until, and before now.");
  return { sinceMs, untilMs };
}
