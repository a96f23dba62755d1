/**
 * Checks configs and jobs in a separate short-lived process: the schema library would hold 6 to 11 MiB
 * for ever in a supervisor that needs it for a moment at a time. Must never load it here.
 */
import { Helper } from "../../spawn/helper.ts";
import { lastWords } from "../../spawn/run-child.ts";
import type { Loaded } from "../load.ts";
import type { JobSpec } from "../schema/job-schema.ts";

export type Question = { config: string | null } | { job: unknown };
export type CheckedJob = { spec: JobSpec } | { error: string };
export type Answer = Loaded | CheckedJob;

const CHILD = new Helper("config/check/check-child", "a changed config isn't put in force");

/** Like `loadConfig`; if the check itself can't run, that is the problem, and `unchecked`. Never rejects. */
export async function loadConfigApart(path: string | null): Promise<Loaded & { unchecked?: true }> {
  try {
    return (await ask({ config: path })) as Loaded;
  } catch (error) {
    const message = `could not be checked: ${(error as Error).message}`;
    return {
      ok: false,
      unchecked: true,
      problems: [{ file: path, line: null, column: null, path: "", message }],
    };
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
  const done = await CHILD.runLight(JSON.stringify(question));
  if (done.ok) return JSON.parse(done.stdout) as Answer;
  const said = done.why === "missing" ? "" : lastWords(done.stderr);
  const reason = said === "" ? done.reason : `${done.reason}: ${said}`;
  CHILD.fails(reason);
  throw new Error(reason);
}
