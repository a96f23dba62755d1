/**
 * The answer to "why?" for one job, as data, with what is expected next. Decides nothing and contains no
 * wording: words/why.ts does that.
 */
import type { Sight } from "../../model/decision.ts";
import { finishedWithAnother, type Job } from "../../model/job.ts";
import { isEnded, isFrozenOverdue } from "../../model/state.ts";
import type { WaitingFor, Why } from "../../model/why.ts";
import type { SparedBy } from "../pauses/spared.ts";
import { concerns, type RuleNow } from "../rules/rule-now.ts";
import { sights } from "../rules/sight.ts";
import { answerTo, requestFor } from "../sharing/turn-requests.ts";
import type { TickInput } from "../tick-input.ts";
import { causeOf, held, onStandby, parkedOf, unsaved } from "./of-held.ts";
import { pausing } from "./of-pausing.ts";
import { askedOf, leftOf, movesOf, slurmOf } from "./of-run.ts";
import { beforeLimit, begunOf, roomOf, running } from "./of-working.ts";
import { waysOut } from "./ways-out.ts";

/** `spared`: what rules in pressure have against pausing anybody. */
export function whyOf(job: Job, waitingFor: WaitingFor[], input: TickInput, spared: SparedBy = {}): Why {
  const sparing = Object.values(spared).flatMap((all) => all.filter((one) => one.job === job.name));
  const { name, since } = job.state;
  const sooner = waysOut(job, waitingFor, input);
  const turn = turnAskedFor(job, input);
  const unseen = unseenFor(job, input);
  const idle = input.idle.flatMap(({ rule, gpu, jobs, sinceMs }) =>
    jobs.includes(job.name) ? [{ rule, gpu, sinceMs: Math.max(sinceMs, since.wallMs) }] : [],
  );
  const handsOver = input.memory.companions?.[job.name]?.told;
  return {
    job: job.name,
    state: name,
    sinceMs: since.wallMs,
    waitingFor: [],
    next: null,
    ...ofState(job, waitingFor, input),
    ...leftOf(job),
    ...slurmOf(job),
    ...(turn && { turn }),
    ...(handsOver !== undefined && { handsOver }),
    ...(sparing.length > 0 && { spared: sparing }),
    ...(idle.length > 0 && { idle }),
    ...(unseen.length > 0 && { unseen }),
    ...(sooner.length > 0 && { sooner }),
  };
}

/** Where nothing is to be decided any more, no rule matters. */
function unseenFor(job: Job, { rules, sample }: TickInput): Sight[] {
  if (isEnded(job.state.name)) return [];
  const concerned = rules.filter((rule) => canBeUnseen(rule) && concerns(rule, job));
  const states = Object.fromEntries(concerned.map(({ key, state }) => [key, state]));
  return sights(
    concerned.map(({ rule }) => rule),
    states,
    sample.gpus,
  );
}

/** Ruled out first: a tick asks this for every job and rule. */
const canBeUnseen = ({ state }: RuleNow): boolean =>
  state.unavailable !== null || state.estimated !== undefined;

function ofState(job: Job, waitingFor: WaitingFor[], input: TickInput): Partial<Why> {
  const { state } = job;
  switch (state.name) {
    case "failed":
      return { failure: state.reason };
    case "finished":
      return {
        ...(finishedWithAnother(job) && { finishedWith: job.ran ?? [] }),
        ...(state.assumed !== undefined && { assumed: state.assumed }),
      };
    case "starting":
      return roomOf(job);
    case "absent":
      return { absent: state.why };
    case "serving":
    case "running":
      return {
        ...begunOf(job),
        ...beforeLimit(job, running(job, input.windows), input),
        ...roomOf(job),
        ...askedOf(job),
        ...movesOf(job),
      };
    case "pausing":
      return { ...pausing(job, state, input), ...(isFrozenOverdue(state) && held(waitingFor)) };
    case "waiting":
      return { ...(state.failure !== undefined && { failure: state.failure }), ...held(waitingFor) };
    case "paused":
    case "frozen":
      return { cause: causeOf(state), ...unsaved(state), ...parkedOf(state), ...held(waitingFor) };
    case "standby":
      return { cause: causeOf(state), ...onStandby(job, held(waitingFor), input) };
    case "lost":
      return movesOf(job);
    default:
      return {};
  }
}

/** A person who is asked for a turn sees the request wherever the job is displayed. */
function turnAskedFor(job: Job, input: TickInput): Why["turn"] {
  const asked = requestFor(job, input);
  if (asked === null || answerTo(job, asked.claim, input) !== "tell") return undefined;
  return { user: asked.claim.user, forMs: asked.claim.turn?.forMs ?? 0 };
}
