/** Under a shell with job control: the terminal is the shell's while the dashboard stands still, and comes back. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeWith, tmux } from "../../../needs.ts";
import { busy } from "../../snapshots.ts";
import { openTerminal, type Terminal } from "../tmux.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const SERVE = join(ROOT, "test/children/show-serve.ts");
const MODULE = join(ROOT, "dist/show/screen/terminal/run-dashboard.js");

let directory: string;
let terminal: Terminal;

const isFrame = (screen: string): boolean =>
  screen.startsWith("supervisor on box") && screen.includes("── jobs") && /^q detach/m.test(screen);

/** A dashboard that an interactive shell has started, after `before`; a subshell tells its pid. */
async function start(before = ":"): Promise<number> {
  const snapshot = join(directory, "snapshot.json");
  writeFileSync(snapshot, JSON.stringify(busy()));
  const pidFile = join(directory, "pid");
  const words = [process.execPath, SERVE, MODULE, snapshot, join(directory, "requests")].join(" ");
  const script = `${before}; echo $$ >${pidFile}; exec ${words}`;
  writeFileSync(join(directory, "run.sh"), script);
  terminal = openTerminal(["bash", "--norc", "-i"], { width: 90, height: 26 }, { TZ: "UTC", PS1: "shell> " });
  await terminal.until("the prompt", (screen) => screen.includes("shell>"));
  terminal.keys(`echo earlier; sh ${join(directory, "run.sh")}`, "Enter");
  await terminal.until("the first frame", isFrame);
  return Number(readFileSync(pidFile, "utf8"));
}

describeWith(tmux)("under a shell", () => {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "show-"));
  });
  afterEach(() => {
    terminal.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** The shell has its own screen and reads lines; `fg` brings a frame, and keys work without Enter. */
  async function shellAndBack(): Promise<void> {
    const { until, keys } = terminal;
    const shell = await until(
      "the shell",
      (screen) => screen.includes("earlier") && screen.includes("Stopped"),
    );
    expect(shell).not.toContain("── jobs");
    keys("echo $((6 * 7))-fold", "Enter");
    await until("what it answers", (screen) => /^42-fold$/m.test(screen));
    keys("fg", "Enter");
    await until("the frame", isFrame);
    keys("Down");
    await until("the next row", (screen) => screen.includes("▸ asr-finetune"));
    keys("q");
    // Its prompt, too: what is typed while the program ends is nobody's yet.
    await until("the shell again", (screen) => /earlier[\s\S]*ended: detached\nshell>/.test(screen));
    keys("echo $((6 * 8))-fold", "Enter");
    await until("its answer", (screen) => /^48-fold$/m.test(screen));
  }

  test("Ctrl-Z gives the terminal back, fg takes it", async () => {
    await start();
    terminal.keys("C-z");
    await shellAndBack();
  });

  test("after SIGSTOP from outside, fg brings all of it back", async () => {
    const pid = await start();
    process.kill(pid, "SIGSTOP");
    // Stopped as it was: what the shell prints stands on the dashboard's screen.
    await terminal.until("the shell", (screen) => screen.includes("Stopped"));
    terminal.keys("fg", "Enter");
    await terminal.until("the frame", (screen) => isFrame(screen) && !screen.includes("Stopped"));
    terminal.keys("Down");
    await terminal.until("the next row", (screen) => screen.includes("▸ asr-finetune"));
    terminal.keys("q");
    await terminal.until("the end", (screen) => screen.includes("ended: detached"));
  });

  test("a terminal that tells no size gets a frame of the usual one", async () => {
    await start("stty cols 0 rows 0");
    terminal.keys("w");
    await terminal.until("why", (screen) => screen.includes("── why ── voice-train"));
    terminal.keys("q");
    await terminal.until("the end", (screen) => screen.includes("ended: detached"));
  });
});
