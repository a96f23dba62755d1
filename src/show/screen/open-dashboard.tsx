/**
 * Puts a session on this terminal with Ink: the alternate screen, its size, its colours; and gives
 * the terminal back as it was, however this ends.
 */
import { type Instance, render } from "ink";
import type { DashboardClient } from "../../control/dashboard-client.ts";
import type { Palette } from "../draw/lines.ts";
import { Dashboard } from "./Dashboard.tsx";
import type { DashboardEnd, DashboardOptions } from "./dashboard-options.ts";
import { changes, type Painted, paintFrame } from "./paint-frame.ts";
import type { Screen, Size } from "./screen.ts";
import { Session } from "./session.ts";
import { CLEAR, giveTerminal, stopGroup, takeTerminal } from "./suspend.ts";
import { frameOf } from "./view-model.ts";

const INK = {
  alternateScreen: true,
  // Also where Ink believes itself in CI: that this is a terminal was checked before.
  interactive: true,
  exitOnCtrlC: false,
  patchConsole: false,
};
const ENDS = ["SIGTERM", "SIGHUP", "SIGINT"] as const;

export async function openDashboard(
  client: DashboardClient,
  options: DashboardOptions,
): Promise<DashboardEnd> {
  const { stdout } = process;
  const palette: Palette = stdout.getColorDepth() > 1 ? "colour" : "mono";
  const size = (): Size => ({ width: stdout.columns || 80, height: stdout.rows || 24 });
  let session: Session | null = null;
  let last: Painted = [];
  const ink: Instance = render(<Dashboard onKey={(key) => session?.onKey(key)} />, INK);

  const draw = (screen: Screen): void => {
    const painted = paintFrame(frameOf(screen, size()), palette);
    const text = changes(last, painted);
    last = painted;
    if (text !== "") stdout.write(text);
  };
  const redraw = (): void => {
    stdout.write(CLEAR);
    last = [];
    session?.redraw();
  };
  let given = false;
  const continued = (): void => {
    // Stopped by another's SIGSTOP, it still has the alternate screen: left first, for the cursor's place before it.
    if (!given) giveTerminal();
    given = false;
    takeTerminal();
    redraw();
  };
  const suspend = (): void => {
    giveTerminal();
    given = true;
    stopGroup();
    // Where there is no shell to continue it, nothing has stopped.
    setTimeout(() => {
      if (given) continued();
    });
  };
  const detach = (): void => session?.detach();
  for (const signal of ENDS) process.on(signal, detach);
  process.on("SIGCONT", continued);
  stdout.on("resize", redraw);
  // A terminal that was closed can't be written to any more, and needn't be.
  stdout.on("error", detach);
  process.stdin.on("error", detach);
  session = new Session(client, options, { size, draw, suspend });
  const { end, line } = await session.ended;
  stdout.off("resize", redraw);
  process.off("SIGCONT", continued);
  for (const signal of ENDS) process.off(signal, detach);
  ink.unmount();
  await ink.waitUntilExit();
  stdout.write(`${line}\n`);
  return end;
}
