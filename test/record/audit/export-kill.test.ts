/**
 * Housekeeping killed with SIGKILL at its system calls: while a file is written, before and after it is
 * renamed, before and after the anchor is committed, while rows go. Nothing is ever lost or there twice.
 * Covers: src/record/audit/export-events.ts, src/record/upkeep/upkeep.ts
 */
import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { verifyChain } from "../../../src/record/audit/verify.ts";
import { readEvents, readExports } from "../../../src/record/read.ts";
import { upkeep } from "../../../src/record/upkeep/upkeep.ts";
import { strace, testWith } from "../../needs.ts";
import { untilHolds } from "../../until.ts";
import { at, event } from "../material.ts";
import { child, openJournal, scratch } from "../scratch.ts";
import {
  DAY,
  daysMs,
  filesOf,
  idsIn,
  KEEP_10_DAYS,
  logOfDays,
  numbers,
  oldestIn,
  pathsOf,
  rowsIn,
} from "./export.ts";

const DAYS = 150;
const LAST = 139;
/** As seen from test/children/. */
const PROGRAM = "../../src/record/upkeep/upkeep-process.ts";

/** True where it was killed at its `nth` such call, false where it had come to its end before. */
function killedAt(path: string, calls: string, nth: number): boolean {
  const kill = `inject=${calls}:signal=KILL:when=${nth}`;
  // At its own low priority a busy machine lets it stand still.
  const flags = ["-qq", "-o", "/dev/null", "-e", kill, "-e", "inject=setpriority:retval=0"];
  const argv = [
    fileURLToPath(new URL(`../${PROGRAM}`, import.meta.url)),
    path,
    JSON.stringify(KEEP_10_DAYS),
    String(daysMs(DAYS)),
  ];
  const { status, signal, error } = spawnSync("strace", [...flags, process.execPath, ...argv], {
    timeout: 240_000,
  });
  expect([status, error]).toEqual([signal === "SIGKILL" ? null : 0, undefined]);
  return signal === "SIGKILL";
}

/** How far it had come. */
function phaseOf(path: string): string {
  if (filesOf(path).some((name) => name.endsWith(".tmp"))) return "file begun";
  if (filesOf(path).length === 0) return "nothing";
  if (readExports(path).length === 0) return "file written";
  const [oldest = 0] = idsIn(path);
  return oldest === 1 ? "anchored" : oldest <= LAST ? "rows going" : "done";
}

/** Wherever they are. */
function keptIds(path: string): number[] {
  const files = pathsOf(path).filter((file) => file.endsWith(".gz"));
  const ids = new Set([...idsIn(path), ...files.flatMap((file) => rowsIn(file).map(({ id }) => id))]);
  return [...ids].sort((a, b) => a - b);
}

testWith(strace)(
  "killed anywhere, the log is whole, and the next housekeeping completes it",
  {
    timeout: 900_000,
  },
  () => {
    const journal = logOfDays(DAYS);
    const noted = [...readEvents(journal.path)][4]?.hash as string;
    journal.close();
    const phases = new Set<string>();
    const series: [calls: string, from: number, step: number][] = [
      ["fsync,rename", 1, 1],
      ["pwrite64", 11, 6],
    ];
    for (const [calls, from, step] of series) {
      for (let nth = from; ; nth += step) {
        const path = scratch();
        cpSync(journal.path, path);
        if (!killedAt(path, calls, nth)) break;
        phases.add(phaseOf(path));
        expect(verifyChain(path, { expect: noted })).toMatchObject({ ok: true });
        expect(keptIds(path)).toEqual(numbers(1, DAYS));
        const next = openJournal(path);
        expect(next.setAside).toBeNull();
        expect(next.append([event("after")], at(DAYS * DAY))).toMatchObject({ events: [{ id: DAYS + 1 }] });

        upkeep(path, KEEP_10_DAYS, daysMs(DAYS + 0.5)); // by now more is old than before
        const { last = 0, path: file = "" } = readExports(path)[0] ?? {};
        expect(pathsOf(path)).toEqual([file]);
        expect(rowsIn(file).map(({ id }) => id)).toEqual(numbers(1, last));
        expect(idsIn(path)).toEqual(numbers(last + 1, DAYS + 1));
        const exported = { files: 1, events: last, absent: [] };
        expect(verifyChain(path, { expect: noted })).toMatchObject({ ok: true, exported });
        next.close();
      }
    }
    expect([...phases]).toEqual(
      expect.arrayContaining(["file begun", "file written", "anchored", "rows going"]),
    );
  },
);

/** Returns how often it was killed before it came to its end. */
async function killedBeside(): Promise<number> {
  const nowMs = Date.now();
  const journal = openJournal();
  for (let id = 1; id <= 2000; id++)
    journal.append([event(`event ${id}`)], { wallMs: nowMs - (2000 - id) * DAY * 1000, monotonicMs: id });
  journal.close();
  const { path } = journal;
  const writer = child("record-writer.ts", path);
  let said = await writer.line();
  writer.lines.on("line", (line) => {
    if (/^\d+$/.test(line)) said = line;
  });

  const oldest = (): number => oldestIn(path);
  let kills = 0;
  for (let from = 1; from !== 1991; from = oldest()) {
    expect(kills).toBeLessThan(50);
    const housekeeping = child(PROGRAM, path, JSON.stringify(KEEP_10_DAYS), String(nowMs + 1));
    const { process } = housekeeping;
    // The first is killed as soon as there is a file, the next ones once some rows are gone.
    const enough = () => (kills === 0 ? filesOf(path).length > 0 : oldest() > from);
    await untilHolds(() => expect(enough() || process.exitCode !== null).toBe(true), { everyMs: 1 });
    await housekeeping.kill("SIGKILL");
    if (process.signalCode === "SIGKILL") kills++;
    expect(verifyChain(path)).toMatchObject({ ok: true });
  }
  await writer.kill("SIGKILL");
  expect(verifyChain(path)).toMatchObject({ ok: true, exported: { events: 1990, absent: [] } });
  expect(idsIn(path).at(-1)).toBeGreaterThanOrEqual(Number(said));
  return kills;
}

test("killed again and again beside a supervisor that writes, both end whole", async () => {
  // On a busy machine housekeeping may end before it is killed; once proves too little.
  while ((await killedBeside()) < 2);
});
