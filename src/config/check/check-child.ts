/**
 * The short-lived process behind check-apart.ts: one question on stdin, one answer on stdout, both
 * JSON. Never does anything else.
 */
import { text } from "node:stream/consumers";
import { loadConfig } from "../load.ts";
import { jobSchema } from "../schema/job-schema.ts";
import type { Answer, Question } from "./check-apart.ts";

// The parent may have been killed meanwhile: then there is no reader for the answer.
process.stdout.on("error", () => {});
const question: Question = JSON.parse(await text(process.stdin));
const answer: Answer = "job" in question ? checkJob(question.job) : loadConfig(question.config);
process.stdout.write(JSON.stringify(answer));

function checkJob(job: unknown): Answer {
  const checked = jobSchema.safeParse(job);
  if (checked.success && checked.data.command.length > 0 && !checked.data.service)
    return { spec: checked.data };
  if (checked.success) return { error: "spec.command: is missing; a service is added in the config" };
  const issue = checked.error.issues[0];
  return { error: `spec.${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not a job"}` };
}
