/** The dashboard as Ink draws it, all rows in one text: React and the layout have one node to look at; and the keys. */
import {
  Box,
  type Key as InkKey,
  type SuspendTerminal,
  Text,
  Transform,
  useApp,
  useInput,
  usePaste,
} from "ink";
import { useEffect, useSyncExternalStore } from "react";
import type { Key } from "./keys.ts";
import type { Frames } from "./terminal/frames.ts";

export interface DashboardProps {
  frames: Frames;
  onKey: (key: Key) => void;
  /** Called once, with what gives the terminal away for a while. Must stay the same function. */
  onOpen: (suspendTerminal: SuspendTerminal) => void;
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
 * Ink is given a blank for each row to lay out, and the painted line to put in its place: a line fits already. The
 * newest line, since Ink draws what was laid out before once more when the terminal changes its size.
 */
function Rows({ frames }: { frames: Frames }) {
  const { painted, width } = useSyncExternalStore(frames.subscribe, frames.newest);
  return (
    <Box width={width}>
      <Transform transform={(_, row) => frames.newest().painted[row] ?? ""}>
        <Text>{painted.map(() => " ").join("\n")}</Text>
      </Transform>
    </Box>
  );
}

export function Dashboard({ frames, onKey, onOpen }: DashboardProps) {
  const { suspendTerminal } = useApp();
  useEffect(() => onOpen(suspendTerminal), [onOpen, suspendTerminal]);
  useInput((input, key) => {
    for (const pressed of keysOf(input, key)) onKey(pressed);
  });
  usePaste((pasted) => onKey({ pasted }));
  return <Rows frames={frames} />;
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
