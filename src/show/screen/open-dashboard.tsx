/**
 * Puts a session on this terminal with Ink: the alternate screen, its size, its colours; and gives
 * the terminal back as it was, however this ends.
 */
import { type Instance, render } from "ink";
import type { DashboardClient } from "../../control/dashboard-client.ts";
import type { Palette } from "../draw/lines.ts";
import { Dashboard } from "./Dashboard.tsx";
import type { DashboardEnd, DashboardOptions } from "./dashboard-options.ts";
import type { Key } from "./keys.ts";
import { looksSame, type Painted, paintFrame } from "./paint-frame.ts";
import type { Screen, Size } from "./screen.ts";
import { Session } from "./session.ts";
import { frameOf } from "./view-model.ts";

/** Snapshots come once a second; more frames than this are only ever asked for by held-down keys. */
const MAX_FPS = 10;
const INK = {
  alternateScreen: true,
  // Also where Ink believes itself in CI: that this is a terminal was checked before.
  interactive: true,
  exitOnCtrlC: false,
  patchConsole: false,
  maxFps: MAX_FPS,
  // Comparing lines to write fewer of them costs up to twice the CPU of writing them all.
  incrementalRendering: false,
};
const CLEAR = "\u001b[2J\u001b[H";
const ENDS = ["SIGTERM", "SIGHUP", "SIGINT"] as const;

/** As the terminal itself does for Ctrl-Z: whoever has started the program (npx, a script) stops with it. */
const stopGroup = (): void => void process.kill(0, "SIGTSTP");

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
    const node = <Dashboard painted={painted} width={size().width} onKey={onKey} />;
    if (ink !== null) ink.rerender(node);
    else ink = render(node, INK);
  };

  // What the terminal made of the old frame is wiped, then all is drawn anew.
  const redraw = (): void => {
    stdout.write(CLEAR);
    ink?.clear();
    last = null;
    session?.redraw();
  };
  // Gives the terminal to the shell; the next frame takes it back.
  const leave = async (): Promise<void> => {
    const left = ink;
    ink = null;
    last = null;
    left?.unmount();
    await left?.waitUntilExit();
  };
  // Whoever was stopped by another's SIGSTOP still believes in the terminal that the shell has changed since.
  const continued = (): void => void leave().then(() => session?.redraw());
  // Where there is no shell to continue it, nothing has stopped.
  const suspend = (): void => void leave().then(stopGroup).then(continued);
  const detach = (): void => session?.detach();
  for (const signal of ENDS) process.on(signal, detach);
  process.on("SIGCONT", continued);
  // Before Ink's own listener.
  stdout.prependListener("resize", redraw);
  // A terminal that was closed can't be written to any more, and needn't be.
  stdout.on("error", detach);
  process.stdin.on("error", detach);
  session = new Session(client, options, { size, draw, suspend });
  const { end, line } = await session.ended;
  stdout.off("resize", redraw);
  process.off("SIGCONT", continued);
  for (const signal of ENDS) process.off(signal, detach);
  await leave();
  stdout.write(`${line}\n`);
  return end;
}
