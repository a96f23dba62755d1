/**
 * Puts a session on this terminal with Ink: the alternate screen, its size, its colours; and gives
 * the terminal back as it was, however this ends.
 */
import { type Instance, render } from "ink";
import type { DashboardClient, DashboardEnd, DashboardOptions } from "./client-interface.ts";
import { Dashboard } from "./Dashboard.tsx";
import type { Key } from "./keys.ts";
import type { Palette } from "./lines.ts";
import { looksSame, type Painted, paintFrame } from "./paint-frame.ts";
import type { Screen, Size } from "./screen.ts";
import { type Session, startSession } from "./session.ts";
import { frameOf } from "./view-model.ts";

/** Snapshots come once a second; more frames than this are only ever asked for by held-down keys. */
const MAX_FPS = 10;
const ENTER = "\u001b[?1049h\u001b[H";
const LEAVE = "\u001b[?1049l";
const CLEAR = "\u001b[2J\u001b[H";
const ENDS = ["SIGTERM", "SIGHUP", "SIGINT"] as const;

export async function openDashboard(
  client: DashboardClient,
  options: DashboardOptions,
): Promise<DashboardEnd> {
  const { stdout } = process;
  const palette: Palette = stdout.getColorDepth() > 1 ? "colour" : "mono";
  const size = (): Size => ({ width: stdout.columns || 80, height: stdout.rows || 24 });
  let session: Session | null = null;
  let ink: Instance | null = null;
  let last: Painted | null = null;
  const onKey = (key: Key): void => session?.onKey(key);

  const draw = (screen: Screen): void => {
    const painted = paintFrame(frameOf(screen, size()), palette);
    if (last !== null && looksSame(last, painted)) return;
    last = painted;
    const node = <Dashboard painted={painted} onKey={onKey} />;
    if (ink !== null) ink.rerender(node);
    // Not incrementalRendering: Ink 6.8 then writes each changed line one row too low.
    else ink = render(node, { exitOnCtrlC: false, patchConsole: false, maxFps: MAX_FPS });
  };

  // Before Ink's own listener: what the terminal made of the old frame is wiped, then all is drawn anew.
  const resized = (): void => {
    stdout.write(CLEAR);
    ink?.clear();
    last = null;
    session?.redraw();
  };
  const detach = (): void => session?.detach();
  const restore = (): boolean => stdout.write(LEAVE);
  process.once("exit", restore);
  for (const signal of ENDS) process.on(signal, detach);
  stdout.prependListener("resize", resized);
  stdout.write(ENTER);
  session = startSession(client, options, { size, draw });
  const { end, line } = await session.ended;
  stdout.off("resize", resized);
  for (const signal of ENDS) process.off(signal, detach);
  (ink as Instance | null)?.unmount();
  process.off("exit", restore);
  stdout.write(`${LEAVE}${line}\n`);
  return end;
}
