/**
 * Checks configs and jobs in a separate short-lived process: the schema library would hold 6 to 11 MiB
 * for ever in a supervisor that needs it for a moment at a time. Must never load it here.
 */
import { ownProgram } from "../../own-files.ts";
import { lastWords, runChild } from "../../spawn/run-child.ts";
import type { Loaded } from "../load.ts";
import type { JobSpec } from "../schema/job-schema.ts";

export type Question = { config: string | null } | { job: unknown };
export type CheckedJob = { spec: JobSpec } | { error: string };
export type Answer = Loaded | CheckedJob;

const CHILD = ownProgram("config/check/check-child");

/** Like `loadConfig`; if the check itself can't run, that is the problem reported. Never rejects. */
export async function loadConfigApart(path: string | null): Promise<Loaded> {
  try {
    return (await ask({ config: path })) as Loaded;
  } catch (error) {
    const message = `could not be checked: ${(error as Error).message}`;
    return { ok: false, problems: [{ file: path, line: null, column: null, path: "", message }] };
  }
}

/** Never rejects. */
export async function checkJobApart(job: unknown): Promise<CheckedJob> {
  try {
    return (await ask({ job })) as CheckedJob;
  } catch (error) {
    return { error: `the job could not be checked: ${(error as Error).message}` };
  }
}

async function ask(question: Question): Promise<Answer> {
  const done = await runChild(process.execPath, [CHILD], { input: JSON.stringify(question) });
  if (done.ok) return JSON.parse(done.stdout) as Answer;
  const said = lastWords(done.stderr);
  throw new Error(said === "" ? done.reason : `${done.reason}: ${said}`);
}
