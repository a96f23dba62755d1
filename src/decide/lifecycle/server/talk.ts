/**
 * The talk with a run's server, one question at a time. Questions are effects, answers come with what is seen
 * of the run; a question that nobody remembers (the supervisor has restarted) is asked again.
 */
import type { ServerCalls } from "../../../config/schema/server-schema.ts";
import type { Seen } from "../../../model/seen.ts";
import type { Answer, Question, Talk } from "../../../model/server.ts";
import type { Transition } from "../transition.ts";

/** Between two looks. */
const AGAIN_MS = 1000;

const NONE: Pick<Talk, "number" | "again" | "failures"> = { number: 0, again: 0, failures: 0 };

/** @throws Error for a job that isn't paused by HTTP: a bug. */
export function callsOf(transition: Transition): ServerCalls {
  const { calls } = transition.job.spec.pause;
  if (calls === undefined) throw transition.bug("a server's calls");
  return calls;
}

/** @throws Error where its server was never asked: a bug. */
export function talkOf(transition: Transition): Talk {
  const { talk } = transition.run;
  if (talk === undefined) throw transition.bug("a talk with its server");
  return talk;
}

/** Moves the talk to its next stage with a question. `more`: what the new stage has to remember. */
export function ask(
  transition: Transition,
  at: Talk["at"],
  question: Question,
  more: Partial<Talk> = {},
): void {
  const { now, run } = transition;
  const { number, again, failures, releaseMs } = { releaseMs: undefined, ...NONE, ...run.talk };
  const kept = { again, failures, ...(releaseMs !== undefined && { releaseMs }) };
  const talk = {
    ...kept,
    at,
    question,
    number: number + 1,
    askedMs: now.monotonicMs,
    sinceMs: now.monotonicMs,
  };
  transition.know({ talk: { ...talk, ...more } });
  transition.perform({ do: "ask", run: transition.run, question, number: number + 1 });
}

/** Looks again once a while has passed; `facts`: what the last answer has shown. */
export function lookAgain(
  transition: Transition,
  {
    question,
    facts = {},
    everyMs = AGAIN_MS,
  }: { question: Question; facts?: Partial<Talk>; everyMs?: number },
): void {
  const talk = { ...talkOf(transition), ...facts };
  transition.know({ talk });
  if (transition.now.monotonicMs - talk.askedMs < everyMs) return;
  const number = talk.number + 1;
  transition.know({ talk: { ...talk, question, number, askedMs: transition.now.monotonicMs } });
  transition.perform({ do: "ask", run: transition.run, question, number });
}

/** The answer to the last question; null while it is under way. */
export function answerOf(transition: Transition, { server }: Seen): Answer | null {
  const { number, question } = talkOf(transition);
  if (server !== undefined && server.number === number) return server.answer;
  transition.perform({ do: "ask", run: transition.run, question, number });
  return null;
}

/** Why the server can't be asked, or says no: told when it changes. */
export function noteTrouble(transition: Transition, { why }: Exclude<Answer, { is: "yes" }>): void {
  const talk = talkOf(transition);
  if (talk.trouble === why) return;
  transition.know({ talk: { ...talk, trouble: why } });
  transition.tell("server.answered", "supervisor", `Its server: ${why}.`);
}
