/** A real terminal without a screen: tmux on a socket of its own, for tests and benchmarks. */
import { execFileSync } from "node:child_process";
import { type Pace, until } from "../../until.ts";

export interface Terminal {
  /** What is on the screen, a line per row, without trailing spaces. */
  screen(): string;
  /** The same with its colour codes. */
  colours(): string;
  /** By tmux's names (`Up`, `C-c`) or as typed. */
  keys(...keys: string[]): void;
  /** In brackets where the program has asked for them, as terminals do. */
  paste(text: string): void;
  resize(width: number, height: number): void;
  /** Waits until the screen satisfies `condition`; fails with the last screen. */
  until(what: string, condition: (screen: string) => boolean, pace?: Pace): Promise<string>;
  /** The shell that has started it; the program is its child. */
  shellPid(): number;
  close(): void;
}

/** Starts `command` (argv) in a terminal of this size, and this environment added. */
export function openTerminal(
  command: string[],
  size: { width: number; height: number },
  env: Record<string, string> = {},
): Terminal {
  const socket = `show-${process.pid}-${Math.random().toString(36).slice(2)}`;
  const tmux = (...args: string[]): string =>
    execFileSync("tmux", ["-L", socket, "-f", "/dev/null", ...args], { encoding: "utf8" });
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const settings = Object.entries(env).map(([name, value]) => `${name}='${value}'`);
  // The shell stays after the program has ended, so that its last words can be read.
  const line = `env -u CI -u NO_COLOR -u FORCE_COLOR ${settings.join(" ")} ${quoted}; exec sleep 600`;
  const at = ["-x", String(size.width), "-y", String(size.height)];
  tmux("new-session", "-d", ...at, line);
  tmux("set-option", "-g", "status", "off");
  const screen = (): string => tmux("capture-pane", "-p").replace(/[ \t]+$/gm, "");
  return {
    screen,
    colours: () => tmux("capture-pane", "-p", "-e"),
    keys: (...keys) => void tmux("send-keys", ...keys),
    paste: (text) => {
      tmux("set-buffer", text);
      tmux("paste-buffer", "-p");
    },
    resize: (width, height) => void tmux("resize-window", "-x", String(width), "-y", String(height)),
    async until(what, condition, pace) {
      const shows = (): string => {
        const now = screen();
        if (!condition(now)) throw new Error(`the screen is\n${now}`);
        return now;
      };
      return await until(what, shows, { everyMs: 100, ...pace });
    },
    shellPid: () => Number(tmux("list-panes", "-F", "#{pane_pid}").trim()),
    close: () => void tmux("kill-server"),
  };
}
