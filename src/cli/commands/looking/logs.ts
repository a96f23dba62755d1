/** `logs JOB`: prints what a job has written, from its log file. Needs no supervisor. */
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { setTimeout as sleep } from "node:timers/promises";
import { logPath } from "../../../files/state-paths.ts";
import { misuse } from "../../../refusal.ts";
import { noSuchJob, type Options, placesOf, sayWhich } from "../../connect.ts";
import { print, printJsonLine } from "../../print.ts";
import { logTail } from "../../read-log-tail.ts";

/** More than any readable line has; multiplied by the requested number of lines. */
const BYTES_PER_LINE = 4096;
const LOOK_EVERY_MS = 200;

export interface LogsOptions extends Options {
  follow?: boolean;
  lines: string;
}

export async function logs(job: string, options: LogsOptions): Promise<void> {
  if (!/^\d+$/.test(options.lines)) throw misuse(`-n must be a whole number, got '${options.lines}'.`);
  const places = await placesOf(options);
  const state = places.stateDirectory;
  const path = logPath(state, job);
  if (job.includes("/") || !existsSync(path))
    throw misuse(noSuchJob(job, jobsWithLogs(dirname(logPath(state, "x")))));
  sayWhich(places, options);
  const write = (line: string) => (options.json ? printJsonLine({ job, line }) : print(line));
  const wanted = Number(options.lines);
  const { text, size } = logTail(path, wanted * BYTES_PER_LINE);
  const lines = text.split("\n");
  // Text after the last line break is a line only when nothing more is read.
  const rest = lines.pop() ?? "";
  if (!options.follow && rest !== "") lines.push(rest);
  for (const line of lines.slice(Math.max(0, lines.length - wanted))) write(line);
  if (options.follow) await followFile(path, size, rest, write);
}

function jobsWithLogs(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(".log"))
      .map((name) => name.slice(0, -4));
  } catch {
    return [];
  }
}

/** Never returns: the user ends it. A log that is truncated or replaced is read from its start. */
async function followFile(
  path: string,
  from: number,
  begun: string,
  write: (line: string) => void,
): Promise<void> {
  let fd = openSync(path, "r");
  let inode = fstatSync(fd).ino;
  let at = from;
  let rest = begun;
  let decoder = new StringDecoder("utf8");
  const buffer = Buffer.alloc(64 * 1024);
  for (;;) {
    const read = readSync(fd, buffer, 0, buffer.length, at);
    if (read > 0) {
      at += read;
      const lines = (rest + decoder.write(buffer.subarray(0, read))).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) write(line);
      continue;
    }
    const now = statSync(path, { throwIfNoEntry: false });
    if (now !== undefined && (now.ino !== inode || now.size < at)) {
      closeSync(fd);
      fd = openSync(path, "r");
      inode = fstatSync(fd).ino;
      [at, rest, decoder] = [0, "", new StringDecoder("utf8")];
    }
    await sleep(LOOK_EVERY_MS);
  }
}
