/** What a person is told of a run that hasn't saved: what ending it loses, and the ways out where it is overdue. */
import { wallMs } from "../clock.ts";
import type { JobView } from "../control/protocol.ts";
import { endLoses } from "../show/job-words.ts";
import { print } from "./print.ts";

/** What is in the way, and the ways out with what each costs. */
export function overdueText({ name, why }: JobView, asked: "pause" | "resume"): string {
  const ways = [{ command: `supervisor logs -f ${name}`, does: "what it is doing" }, ...(why.sooner ?? [])];
  const widest = Math.max(...ways.map(({ command }) => command.length));
  return [
    why.listed === undefined ? `${why.summary} It will ${asked} when it has saved.` : why.summary,
    ...ways.map(({ command, does }) => `  ${command.padEnd(widest)}  ${does}`),
  ].join("\n");
}

/** Says before anything is done what ending the job loses. */
export function tellStakes(job: JobView): void {
  const loses = endLoses(job, wallMs());
  if (loses !== null) print(`${job.name}  ${loses}`);
}
