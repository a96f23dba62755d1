/** What is measured while nothing happens: all programs in the same minute, and their screens. */
import { openTerminal, type Terminal } from "../../test/show/screen/tmux.ts";
import { type Idle, type IdleCost, sideBySide } from "../idle/side-by-side.ts";
import type { Peer, Screen } from "./peer.ts";
import { childrenOf, family } from "./processes.ts";

export interface Idles {
  /** By the program's name. */
  programs: Record<string, IdleCost>;
  screens: Record<string, IdleCost>;
}

/** Resolves once it is drawn. */
async function drawn({ command, env, shows }: Screen): Promise<Idle> {
  const terminal: Terminal = openTerminal(command, { width: 120, height: 40 }, env);
  await terminal.until("the first frame", (screen) => screen.includes(shows));
  const [pid = 0] = childrenOf(terminal.shellPid());
  return { pids: () => family(pid), close: async () => terminal.close() };
}

/** Each that can have so many jobs, with its screen where `screens`. */
export async function idles(peers: Peer[], jobs: number, screens: boolean): Promise<Idles> {
  const begun: { of: "programs" | "screens"; name: string; idle: Idle }[] = [];
  try {
    for (const { name, begin, many, screen: ownScreen } of peers) {
      let screen = screens ? ownScreen?.() : undefined;
      if (begin !== undefined && (jobs === 1 || many)) {
        const idle = await begin(jobs);
        begun.push({ of: "programs", name, idle });
        if (screens) screen = idle.screen;
      }
      if (screen !== undefined) begun.push({ of: "screens", name, idle: await drawn(screen) });
    }
    const what = `${jobs === 1 ? "1 job" : `${jobs} jobs`} each: ${begun.map(({ name }) => name).join(", ")}`;
    const costs = await sideBySide(
      what,
      begun.map(({ idle }) => idle),
    );
    const found: Idles = { programs: {}, screens: {} };
    for (const [index, { of, name }] of begun.entries()) found[of][name] = costs[index] as IdleCost;
    return found;
  } finally {
    // Screens before the programs that they show.
    for (const { idle } of begun.reverse()) await idle.close();
  }
}
