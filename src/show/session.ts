/**
 * One dashboard from its first frame to its end: joins client, keys and screen. Draws through
 * `draw` and knows nothing of Ink; keeps no timer but those for reconnecting and the open log.
 */

import type { Answer, Request } from "../protocol.ts";
import type { DashboardClient, DashboardEnd, DashboardOptions } from "./client-interface.ts";
import { countJobs, toPause } from "./edges.ts";
import { type Act, type Key, press } from "./keys.ts";
import { neutralLog } from "./neutral.ts";
import { newScreen, type Screen, type Size, selectedJob } from "./screen.ts";

/** Of a log, this much is read; once a second while it is open. */
const LOG_BYTES = 64 * 1024;
const EVERY_MS = 1000;

export interface Ending {
  end: DashboardEnd;
  /** The line that tells the user, once the screen is given back. */
  line: string;
}

export interface Session {
  onKey: (key: Key) => void;
  /** For another size of the terminal. */
  redraw: () => void;
  detach: () => void;
  ended: Promise<Ending>;
}

export interface Terminal {
  size: () => Size;
  draw: (screen: Screen) => void;
}

export function startSession(
  client: DashboardClient,
  options: DashboardOptions,
  terminal: Terminal,
): Session {
  let screen = newScreen();
  let logTimer: NodeJS.Timeout | undefined;
  let reconnectTimer: NodeJS.Timeout | undefined;
  let over = false;
  let finish: (ending: Ending) => void = () => {};
  const ended = new Promise<Ending>((resolve) => {
    finish = resolve;
  });

  const show = (change: Partial<Screen>): void => {
    if (over) return;
    screen = { ...screen, ...change };
    terminal.draw(screen);
  };

  const end = (how: DashboardEnd, line: string): void => {
    if (over) return;
    over = true;
    clearInterval(logTimer);
    clearTimeout(reconnectTimer);
    client.close();
    finish({ end: how, line });
  };

  const detach = (): void => end("detached", detachedLine(screen));

  const ask = async (request: Request, done: string): Promise<boolean> => {
    const answer = await client.request(request).catch((error: Error): Answer => refusal(error));
    show({ message: answer.ok ? { text: done, tone: "good" } : { text: answer.error, tone: "bad" } });
    return answer.ok;
  };

  const carryOut = (act: Act): void => {
    const by = options.by ?? "dashboard";
    if (act.ask === "detach") detach();
    else if (act.ask === "stop") {
      void ask({ verb: "stop", pauseJobs: true, by }, "The supervisor has stopped.").then((stopped) => {
        if (stopped) end("stopped", stoppedLine(screen));
      });
    } else if (act.ask === "pause") {
      void ask({ verb: "pause", jobs: [act.job], untilMs: null, by }, `${act.job} is asked to pause.`);
    } else {
      void ask({ verb: "resume", jobs: [act.job], by }, `${act.job} may run again.`);
    }
  };

  const readLog = async (): Promise<void> => {
    const job = selectedJob(screen);
    if (screen.view !== "log" || job === null) return;
    const log = await options
      .readLog(job, LOG_BYTES)
      .then((text) => ({ lines: neutralLog(text) }))
      .catch((error: Error) => ({ unreadable: error.message }));
    if (screen.view === "log" && selectedJob(screen)?.name === job.name) show({ log });
  };

  const onKey = (key: Key): void => {
    if (over) return;
    const { screen: next, act } = press(screen, key, terminal.size());
    const opened = next.view === "log" && screen.view !== "log";
    show(next);
    if (opened) {
      clearInterval(logTimer);
      logTimer = setInterval(() => void readLog(), EVERY_MS);
      void readLog();
    }
    if (next.view !== "log") clearInterval(logTimer);
    if (act !== null) carryOut(act);
  };

  const reconnect = (): void => {
    reconnectTimer = setTimeout(async () => {
      const again = await client.reconnect().then(
        () => true,
        () => false,
      );
      if (over) return;
      if (!again) reconnect();
    }, EVERY_MS);
  };

  client.onSnapshot((snapshot) =>
    show({ snapshot, lost: null, selected: selectedJob({ ...screen, snapshot })?.name ?? null }),
  );
  client.onClose((reason) => {
    if (screen.snapshot?.supervisor.stopping) {
      end("stopped", stoppedLine(screen));
      return;
    }
    show({ lost: `The supervisor is gone (${reason}).` });
    reconnect();
  });
  terminal.draw(screen);
  return { onKey, redraw: () => show({}), detach, ended };
}

/** Claims no more than the last snapshot has shown. */
function stoppedLine({ snapshot }: Screen): string {
  const paused = snapshot?.jobs.filter((job) => job.state === "paused").length ?? 0;
  const jobs = toPause(snapshot) === 0 && paused > 0 ? `, ${countJobs(paused)} paused` : "";
  return `The supervisor has stopped${jobs}. Start it again: supervisor start`;
}

const refusal = (error: Error): Answer => ({ id: 0, ok: false, error: error.message, code: "failed" });

function detachedLine(screen: Screen): string {
  if (screen.lost !== null) return "Detached. No supervisor answers; start it: supervisor start";
  return "Detached: the supervisor and its jobs go on. Look again: supervisor dashboard";
}
