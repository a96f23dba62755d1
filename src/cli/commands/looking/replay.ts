/** `replay`: what one or more configs would have done with recorded history. Starts and writes nothing. */
import { basename } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { elapsedMs, wallMs } from "../../../clock.ts";
import { findConfig } from "../../../config/find.ts";
import { loadConfig } from "../../../config/load.ts";
import type { Config } from "../../../config/schema/schema.ts";
import { isThere } from "../../../files/is-there.ts";
import { misuse, Refusal } from "../../../refusal.ts";
import { databaseHistory, type History, type Span } from "../../../replay/history/history.ts";
import { csvHistory } from "../../../replay/history/read-csv.ts";
import { replay as play } from "../../../replay/replay.ts";
import { suggest as findBetter } from "../../../replay/suggest.ts";
import { pricesOf } from "../../../report/energy/gather-energy.ts";
import { stretches } from "../../../report/energy/prices.ts";
import { replayLines } from "../../../show/replay-lines.ts";
import { suggestLines } from "../../../show/suggest-lines.ts";
import { wholePercent } from "../../../words/number.ts";
import { clockTime } from "../../../words/time.ts";
import { pastMs } from "../../parse-time.ts";
import { print, printJson, say } from "../../print.ts";
import { type Options, placesOf } from "../../supervisors/connect.ts";
import { tellProblems } from "../../tell-problems.ts";

export interface ReplayOptions extends Omit<Options, "config"> {
  /** The first one's history is replayed. */
  config?: string | string[];
  from?: string;
  to?: string;
  csv?: string;
  suggest?: boolean;
}

/** Between two words of how far it has come. */
const TELL_EVERY_MS = 3000;

export async function replay(options: ReplayOptions): Promise<number> {
  const files = [options.config ?? []].flat();
  const configs = loadAll(files.length === 0 ? [undefined] : files);
  if (configs === null) return 2;
  const history = await historyOf(options, files[0]);
  const yardstick = configs[0]?.config;
  if (yardstick === undefined) throw new Error("a replay has a config");
  if (options.suggest) {
    if (configs.length > 1) throw misuse("--suggest varies one config: name one only.");
    const suggested = await findBetter(history, yardstick, { onProgress: progress() });
    if (options.json) printJson(suggested);
    else for (const line of suggestLines(suggested, wallMs())) print(line);
    return 0;
  }
  const { prices, notes } = await pricesIn(history.span, yardstick);
  const replayed = await play(
    history,
    configs.map((one) => ({ ...one, yardstick, ...(prices && { prices }) })),
    { onProgress: progress() },
  );
  const currency = yardstick.tariff?.currency ?? null;
  const told = { ...replayed, doubts: [...replayed.doubts, ...notes], currency };
  if (options.json) printJson(told);
  else for (const line of replayLines(told, wallMs())) print(line);
  return 0;
}

/** By the first config's tariff, if it has one. */
async function pricesIn({ fromMs, untilMs }: Span, { tariff }: Config) {
  if (tariff === undefined) return { prices: null, notes: [] };
  const { prices: series, notes } = await pricesOf(tariff);
  return { prices: stretches(tariff, series, { fromMs, toMs: untilMs }), notes };
}

/** Null when one has problems, which are told; all are checked first. */
function loadAll(files: (string | undefined)[]): { name: string; config: Config }[] | null {
  const loaded = files.map((file) => {
    const path = findConfig(file);
    return {
      name: path === null ? "defaults" : file === undefined ? basename(path) : file,
      loaded: loadConfig(path),
    };
  });
  const good = loaded.flatMap(({ name, loaded: one }) => (one.ok ? [{ name, config: one.config }] : []));
  for (const { loaded: one } of loaded) if (!one.ok) tellProblems(one);
  return good.length === loaded.length ? good : null;
}

async function historyOf(options: ReplayOptions, config: string | undefined): Promise<History> {
  const now = wallMs();
  const span: Partial<Span> = {
    ...(options.from !== undefined && { fromMs: pastMs(options.from, "--from", now) }),
    ...(options.to !== undefined && { untilMs: pastMs(options.to, "--to", now) }),
  };
  if ((span.fromMs ?? -Infinity) >= (span.untilMs ?? Infinity))
    throw misuse("--from must be earlier than --to.");
  if (options.csv !== undefined) return csvHistory(options.csv, span);
  const { database } = await placesOf(config === undefined ? {} : { config });
  if (!isThere(database))
    throw new Refusal(
      `There is no history at ${database}: no supervisor has run with it. A CSV can be replayed, too: --csv FILE`,
    );
  const history = databaseHistory(database, span);
  if (history === null) throw new Refusal(`${database} holds no samples of this time.`);
  return history;
}

/** Tells how far it has come where that takes long, and lets an interrupt through. */
function progress(): (done: number, of: number, atMs: number) => Promise<void> {
  let toldMs = elapsedMs();
  return async (done, of, atMs) => {
    if (elapsedMs() - toldMs >= TELL_EVERY_MS) {
      toldMs = elapsedMs();
      say(`replayed ${wholePercent((done / Math.max(1, of)) * 100)}, up to ${clockTime(atMs, wallMs())}`);
    }
    await turn();
  };
}
