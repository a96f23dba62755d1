/**
 * The dashboard as Ink draws it: props only, no state, no effects but the keys. Each part is one
 * text that is drawn again only when it has changed.
 */
import { Box, type Key as InkKey, Text, Transform, useInput, usePaste } from "ink";
import { memo } from "react";
import type { Key } from "./keys.ts";
import type { Painted } from "./paint-frame.ts";

export interface DashboardProps {
  painted: Painted;
  /** In cells; Ink's own would be none in a terminal that tells none. */
  width: number;
  /** Must stay the same function, or Ink listens anew with every frame. */
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

/**
 * Ink is given blank lines to lay out and the painted ones to put in their place: they fit already,
 * and to measure them again each second would cost half of a frame, and memory in Ink 6, which
 * remembers every text it has ever measured.
 */
const Lines = memo(({ text }: { text: string }) => {
  if (text === "") return null;
  const lines = text.split("\n");
  return (
    <Transform transform={(_, index) => lines[index] ?? ""}>
      <Text>{lines.map(() => " ").join("\n")}</Text>
    </Transform>
  );
});

export function Dashboard({ painted, width, onKey }: DashboardProps) {
  useInput((input, key) => {
    for (const pressed of keysOf(input, key)) onKey(pressed);
  });
  usePaste((pasted) => onKey({ pasted }));
  return (
    <Box flexDirection="column" width={width}>
      <Lines text={painted.header} />
      <Lines text={painted.gauges} />
      <Lines text={painted.jobs} />
      <Lines text={painted.events} />
      <Lines text={painted.page} />
      <Lines text={painted.footer} />
    </Box>
  );
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
