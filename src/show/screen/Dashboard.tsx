/**
 * What Ink does for the dashboard: it holds the terminal and reads its keys and pastes. The frame isn't given to
 * it: it would parse and lay out lines that fit already, which costs CPU with each frame.
 */
import { type Key as InkKey, useInput, usePaste } from "ink";
import type { Key } from "./keys.ts";

export interface DashboardProps {
  onKey: (key: Key) => void;
}

const NAMED = {
  upArrow: "up",
  downArrow: "down",
  pageUp: "pageUp",
  pageDown: "pageDown",
  home: "home",
  end: "end",
  return: "enter",
  backspace: "backspace",
  delete: "backspace",
  escape: "escape",
} as const;

const CONTROL: Record<string, Key> = { c: { named: "ctrl-c" }, z: { named: "ctrl-z" } };

export function Dashboard({ onKey }: DashboardProps) {
  useInput((input, key) => {
    for (const pressed of keysOf(input, key)) onKey(pressed);
  });
  usePaste((pasted) => onKey({ pasted }));
  return null;
}

/** Fast typing arrives as one input: each character is a key of its own. */
function keysOf(input: string, key: InkKey): Key[] {
  for (const [flag, named] of Object.entries(NAMED)) {
    if (key[flag as keyof typeof NAMED]) return [{ named }];
  }
  if (key.ctrl) return CONTROL[input] === undefined ? [] : [CONTROL[input]];
  const letters = [...input].map((typed) => ({ typed }));
  // Esc and a letter right after it arrive as Alt and that letter.
  return key.meta ? [{ named: "escape" }, ...letters] : letters;
}
