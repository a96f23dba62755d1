/**
 * Puts a session on this terminal with Ink: the alternate screen, its size, its colours; and gives
 * the terminal back as it was, however this ends.
 */
import { setFlagsFromString } from "node:v8";
import { type Instance, render, type SuspendTerminal } from "ink";
import type { DashboardClient } from "../../../control/dashboard-client.ts";
import type { Palette } from "../../draw/lines.ts";
import { neutral } from "../../neutral.ts";
import { Dashboard } from "../Dashboard.tsx";
import type { DashboardEnd, DashboardOptions } from "../dashboard-options.ts";
import type { Key } from "../keys.ts";
import type { Screen, Size } from "../screen.ts";
import { Session } from "../session.ts";
import { frameOf } from "../view-model.ts";
import { Frames } from "./frames.ts";
import { paintFrame } from "./paint-frame.ts";
import { Suspension } from "./suspend.ts";

const INK = {
  alternateScreen: true,
  // Also where Ink believes itself in CI: that this is a terminal was checked before.
  interactive: true,
  exitOnCtrlC: false,
  patchConsole: false,
  // Snapshots come once a second; more frames than this are only ever asked for by held-down keys.
  maxFps: 10,
  incrementalRendering: true,
};
const HOME = "\u001b[H";
const ENDS = ["SIGTERM", "SIGHUP", "SIGINT"] as const;

export async function openDashboard(
  client: DashboardClient,
  options: DashboardOptions,
): Promise<DashboardEnd> {
  collectAlone();
  const { stdout } = process;
  const palette: Palette = stdout.getColorDepth() > 1 ? "colour" : "mono";
  const size = (): Size => ({ width: stdout.columns || 80, height: stdout.rows || 24 });
  let session: Session | null = null;
  let suspension: Suspension | null = null;
  const onKey = (key: Key): void => session?.onKey(key);
  const onOpen = (suspendTerminal: SuspendTerminal): void => {
    suspension = new Suspension(suspendTerminal);
  };
  const frames = new Frames();
  const ink: Instance = render(<Dashboard frames={frames} onKey={onKey} onOpen={onOpen} />, INK);
  // Ink draws from where the cursor is, which the alternate screen takes over from the shell's.
  stdout.write(HOME);
  const draw = (screen: Screen): void => {
    const { width, height } = size();
    frames.show({ painted: paintFrame(frameOf(screen, { width, height }), palette), width });
  };
  // What the terminal made of the frame of the other size is erased, then all is drawn anew.
  const resized = (): void => {
    ink.clear();
    session?.redraw();
  };
  const continued = (): void => suspension?.continued();
  const suspend = (): void => suspension?.stop();
  const detach = (): void => session?.detach();
  for (const signal of ENDS) process.on(signal, detach);
  process.on("SIGCONT", continued);
  // Before Ink's own listener, which would draw the old frame once more.
  stdout.prependListener("resize", resized);
  // A terminal that was closed can't be written to any more, and needn't be.
  stdout.on("error", detach);
  process.stdin.on("error", detach);
  session = new Session(client, options, { size, draw, suspend });
  // Ink has drawn an empty frame, and would keep this one back for as long as it keeps frames apart.
  void ink.waitUntilRenderFlush();
  const { end, lines } = await session.ended;
  stdout.off("resize", resized);
  process.off("SIGCONT", continued);
  for (const signal of ENDS) process.off(signal, detach);
  ink.unmount();
  await ink.waitUntilExit();
  stdout.write(`${lines.map(neutral).join("\n")}\n`);
  return end;
}

/** What a frame leaves is swept in half a millisecond; the threads that would help with it cost more than they save. */
const collectAlone = (): void => setFlagsFromString("--no-parallel-scavenge");
