/**
 * What each key does: from one screen to the next, and what to ask of the supervisor. Pure; it
 * sends nothing itself.
 */
import { inOrder } from "../draw/job-order.ts";
import { scrolled } from "./page-view.ts";
import { type Screen, type Size, selectedJob, type View } from "./screen.ts";
import { bodyRows, rowsOf } from "./view-model.ts";

/** A key by its name, or the character that was typed. */
export type Key =
  | { named: "up" | "down" | "pageUp" | "pageDown" | "home" | "end" | "escape" | "ctrl-c" }
  | { typed: string };

/** What to do besides drawing. */
export type Act = { ask: "pause" | "resume"; job: string } | { ask: "stop" } | { ask: "detach" };

export interface Pressed {
  screen: Screen;
  act: Act | null;
}

/** Letters that do what a named key does. */
const SAME_AS: Record<string, Extract<Key, { named: string }>["named"]> = {
  j: "down",
  k: "up",
  g: "home",
  G: "end",
  " ": "pageDown",
  "\u0003": "ctrl-c",
};
const PAGES: Record<string, View> = { l: "log", w: "why", "?": "help", h: "help" };

export function press(before: Screen, pressed: Key, size: Size): Pressed {
  const key: Key = "typed" in pressed ? asNamed(pressed.typed) : pressed;
  const screen = { ...before, message: null };
  const stay = (next: Screen): Pressed => ({ screen: next, act: null });
  if ("typed" in key) return screen.leaving ? leave(screen, key.typed) : typed(screen, key.typed);
  if (key.named === "ctrl-c") return stay({ ...screen, leaving: true });
  if (screen.leaving) return stay({ ...screen, leaving: false });
  if (key.named === "escape") return stay({ ...screen, view: "jobs", scroll: 0, log: null });
  return stay(screen.view === "jobs" ? select(screen, key.named, size) : scroll(screen, key.named, size));
}

function asNamed(character: string): Key {
  const name = SAME_AS[character];
  return name === undefined ? { typed: character } : { named: name };
}

function leave(screen: Screen, character: string): Pressed {
  const closed = { ...screen, leaving: false };
  if (character === "d" || character === "q") return { screen: closed, act: { ask: "detach" } };
  if (character === "s") {
    const message = { text: "Asking the supervisor to stop…", tone: "warn" as const };
    return { screen: { ...closed, message }, act: { ask: "stop" } };
  }
  return { screen: closed, act: null };
}

function typed(screen: Screen, character: string): Pressed {
  if (character === "q") return { screen, act: { ask: "detach" } };
  const job = selectedJob(screen);
  const verb = character === "p" ? "pause" : character === "r" ? "resume" : null;
  if (verb !== null && job !== null) {
    const message = { text: `Asking to ${verb} ${job.name}…`, tone: "plain" as const };
    return { screen: { ...screen, message }, act: { ask: verb, job: job.name } };
  }
  const page = PAGES[character];
  if (page === undefined) return { screen, act: null };
  const open = screen.view !== page;
  const scroll = page === "log" ? null : 0;
  const selected = job?.name ?? null;
  return {
    screen: { ...screen, selected, view: open ? page : "jobs", scroll: open ? scroll : 0, log: null },
    act: null,
  };
}

type Move = Exclude<Extract<Key, { named: string }>["named"], "escape" | "ctrl-c">;

/** How far a key goes, in lines or jobs. */
function distance(move: Move, size: Size): number {
  const far = Math.max(1, Math.floor(rowsOf(size) / 2));
  return { up: -1, down: 1, pageUp: -far, pageDown: far, home: -1e9, end: 1e9 }[move];
}

/** Along the order in which the rows stand on the screen. */
function select(screen: Screen, move: Move, size: Size): Screen {
  const jobs = inOrder(screen.snapshot?.jobs ?? []);
  const now = selectedJob(screen);
  const at = now === null ? 0 : jobs.indexOf(now);
  const next = jobs[Math.max(0, Math.min(jobs.length - 1, at + distance(move, size)))];
  return next === undefined ? screen : { ...screen, selected: next.name };
}

const scroll = (screen: Screen, move: Move, size: Size): Screen => ({
  ...screen,
  scroll: scrolled(screen, distance(move, size), size.width, bodyRows(screen, size)),
});
