/**
 * What each key does: from one screen to the next, and what to ask of the supervisor. Pure; it
 * sends nothing itself.
 */
import { ORDERS } from "../draw/job-order.ts";
import { neutral } from "../neutral.ts";
import { scrolled } from "./pages/page-view.ts";
import { listedJobs, type Screen, type Size, selectedJob, type View } from "./screen.ts";
import { bodyRows, rowsOf } from "./view-model.ts";

/** A key by its name, or the character that was typed. */
export type Key =
  | {
      named:
        | "up"
        | "down"
        | "pageUp"
        | "pageDown"
        | "home"
        | "end"
        | "escape"
        | "enter"
        | "backspace"
        | "ctrl-c"
        | "ctrl-z";
    }
  | { typed: string }
  /** A paste is text and no keys, whatever it holds. */
  | { pasted: string };

/** What to do besides drawing. */
export type Act =
  | { ask: "pause" | "resume" | "cancel"; job: string }
  | { ask: "stop" }
  | { ask: "detach" }
  | { ask: "suspend" };

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
  "\u001a": "ctrl-z",
  "\r": "enter",
  "\n": "enter",
  "\u007f": "backspace",
};
const PAGES: Record<string, View> = { l: "log", w: "why", "?": "help", h: "help" };

export function press(before: Screen, pressed: Key, size: Size): Pressed {
  const screen = { ...before, message: null };
  const stay = (next: Screen): Pressed => ({ screen: next, act: null });
  if ("pasted" in pressed) return stay(paste(screen, pressed.pasted));
  const key = "typed" in pressed ? asNamed(pressed.typed, screen.typing) : pressed;
  const named = "named" in key ? key.named : null;
  if (named === "ctrl-c") return stay({ ...screen, typing: false, asks: { what: "leave" } });
  if (named === "ctrl-z") return { screen, act: { ask: "suspend" } };
  if (screen.typing) return stay(typeFilter(screen, key));
  if ("typed" in key) return screen.asks === null ? typed(screen, key.typed) : answer(screen, key.typed);
  return named === null ? stay(screen) : stay(moved(screen, named, size));
}

function moved(screen: Screen, named: Exclude<Named, "ctrl-c" | "ctrl-z">, size: Size): Screen {
  if (screen.asks !== null) return { ...screen, asks: null };
  if (named === "enter") return screen.view === "jobs" ? toggled(screen, "job") : screen;
  if (named === "backspace") return screen;
  if (named === "escape") return back(screen);
  return screen.view === "jobs" ? select(screen, named, size) : scroll(screen, named, size);
}

type Named = Extract<Key, { named: string }>["named"];
type Single = Exclude<Key, { pasted: string }>;

/** Letters of a filter are only letters. */
function asNamed(character: string, typing: boolean): Single {
  const name = SAME_AS[character];
  const isControl = character < " " || character === "\u007f";
  return name === undefined || (typing && !isControl) ? { typed: character } : { named: name };
}

/** From a page to the jobs; from the jobs that a filter leaves to all. */
const back = (screen: Screen): Screen =>
  screen.view === "jobs"
    ? { ...screen, filter: "" }
    : { ...screen, view: "jobs", scroll: 0, log: null, past: null };

function typeFilter(screen: Screen, key: Single): Screen {
  if ("typed" in key) return key.typed < " " ? screen : { ...screen, filter: screen.filter + key.typed };
  const { filter } = screen;
  switch (key.named) {
    case "backspace":
      return filter === ""
        ? { ...screen, typing: false }
        : { ...screen, filter: [...filter].slice(0, -1).join("") };
    case "escape":
      return { ...screen, typing: false, filter: "" };
    default:
      return { ...screen, typing: false };
  }
}

function paste(screen: Screen, text: string): Screen {
  if (screen.typing) return { ...screen, filter: screen.filter + neutral(text) };
  return { ...screen, message: { text: "Pasted text isn't taken for keys.", tone: "warn" } };
}

/** Only the answer itself ends anything. */
function answer(screen: Screen, character: string): Pressed {
  const closed = { ...screen, asks: null };
  if (screen.asks?.what === "cancel") {
    if (character !== "y") return { screen: closed, act: null };
    const { job } = screen.asks;
    const message = { text: `Asking to end ${job}…`, tone: "warn" as const };
    return { screen: { ...closed, message }, act: { ask: "cancel", job } };
  }
  if (character === "d" || character === "q") return { screen: closed, act: { ask: "detach" } };
  if (character === "s") {
    const message = { text: "Asking the supervisor to stop…", tone: "warn" as const };
    return { screen: { ...closed, message }, act: { ask: "stop" } };
  }
  return { screen: closed, act: null };
}

function typed(screen: Screen, character: string): Pressed {
  if (character === "q") return { screen, act: { ask: "detach" } };
  if (character === "/" && screen.view === "jobs") return { screen: { ...screen, typing: true }, act: null };
  if (character === "s" && screen.view === "jobs") return { screen: sorted(screen), act: null };
  const job = selectedJob(screen);
  if (character === "x" && job !== null)
    return { screen: { ...screen, asks: { what: "cancel", job: job.name } }, act: null };
  const verb = character === "p" ? "pause" : character === "r" ? "resume" : null;
  if (verb !== null && job !== null) {
    const message = { text: `Asking to ${verb} ${job.name}…`, tone: "plain" as const };
    return { screen: { ...screen, message }, act: { ask: verb, job: job.name } };
  }
  const page = PAGES[character];
  return { screen: page === undefined ? screen : toggled(screen, page), act: null };
}

/** Opens a page of the selected job, or closes it. */
function toggled(screen: Screen, page: View): Screen {
  const view = screen.view === page ? "jobs" : page;
  const selected = selectedJob(screen)?.name ?? null;
  return { ...screen, selected, view, scroll: view === "log" ? null : 0, log: null, past: null };
}

/** The next order; the selection stays on its job. */
function sorted(screen: Screen): Screen {
  const order = ORDERS[(ORDERS.indexOf(screen.order) + 1) % ORDERS.length] ?? ORDERS[0];
  return { ...screen, order, selected: selectedJob(screen)?.name ?? null };
}

type Move = Exclude<
  Extract<Key, { named: string }>["named"],
  "escape" | "enter" | "backspace" | "ctrl-c" | "ctrl-z"
>;

/** How far a key goes, in lines or jobs. */
function distance(move: Move, size: Size): number {
  const far = Math.max(1, Math.floor(rowsOf(size) / 2));
  return { up: -1, down: 1, pageUp: -far, pageDown: far, home: -1e9, end: 1e9 }[move];
}

/** Along the order in which the rows stand on the screen. */
function select(screen: Screen, move: Move, size: Size): Screen {
  const jobs = listedJobs(screen);
  const now = selectedJob(screen);
  const at = now === null ? 0 : jobs.indexOf(now);
  const next = jobs[Math.max(0, Math.min(jobs.length - 1, at + distance(move, size)))];
  return next === undefined ? screen : { ...screen, selected: next.name };
}

const scroll = (screen: Screen, move: Move, size: Size): Screen => ({
  ...screen,
  scroll: scrolled(screen, distance(move, size), size.width, bodyRows(screen, size)),
});
