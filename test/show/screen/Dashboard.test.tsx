/**
 * The real component under the real Ink, with keys as bytes on its stdin.
 * Covers: src/show/screen/terminal/frames.ts
 */
import { PassThrough } from "node:stream";
import { render } from "ink";
import { expect, test } from "vitest";
import type { Snapshot } from "../../../src/control/protocol.ts";
import { Dashboard } from "../../../src/show/screen/Dashboard.tsx";
import type { Key } from "../../../src/show/screen/keys.ts";
import { newScreen } from "../../../src/show/screen/screen.ts";
import { Frames } from "../../../src/show/screen/terminal/frames.ts";
import { paintFrame } from "../../../src/show/screen/terminal/paint-frame.ts";
import { frameOf } from "../../../src/show/screen/view-model.ts";
import { untilHolds } from "../../until.ts";
import { busy, hostile, hundred } from "../snapshots.ts";

const SIZE = { width: 100, height: 30 };

/** Pastes in brackets are asked for before the first frame. */
const ASKS_FOR_PASTES = "\u001b[?2004h";

const paintedOf = (snapshot: Snapshot) => paintFrame(frameOf({ ...newScreen(), snapshot }, SIZE), "none");

function open(frames = new Frames()) {
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {}, ref() {}, unref() {} });
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: SIZE.width, rows: SIZE.height });
  const written: string[] = [];
  stdout.on("data", (chunk) => written.push(String(chunk)));
  const keys: Key[] = [];
  const onKey = (key: Key): void => void keys.push(key);
  const streams = { stdin: stdin as never, stdout: stdout as never };
  const ink = render(<Dashboard frames={frames} onKey={onKey} onOpen={() => {}} />, {
    ...streams,
    debug: true,
    exitOnCtrlC: false,
    patchConsole: false,
  });
  /** The rows of the newest frame. */
  const rows = (): string[] =>
    (written.at(-1) ?? "")
      .replace(ASKS_FOR_PASTES, "")
      .split("\n")
      .map((line) => line.trimEnd());
  return { stdin, keys, rows, written, ink };
}

test.each([
  ["busy", busy],
  ["hundred", hundred],
  ["hostile", hostile],
])("Ink draws exactly the lines of the view model: %s", async (_, moment) => {
  const frames = new Frames();
  const { rows, ink } = open(frames);
  const painted = paintedOf(moment());
  frames.show({ painted, width: SIZE.width });
  await untilHolds(() => expect(rows()).toEqual(painted.map((line) => line.trimEnd())));
  ink.unmount();
});

test("each new frame is drawn once; one that looks the same isn't", async () => {
  const frames = new Frames();
  const { rows, written, ink } = open(frames);
  const shown = (snapshot: Snapshot) => frames.show({ painted: paintedOf(snapshot), width: SIZE.width });
  shown(busy());
  await untilHolds(() => expect(rows()).toHaveLength(SIZE.height - 1));
  const before = written.filter((text) => text !== ASKS_FOR_PASTES).length;
  shown(busy());
  shown(hundred());
  await untilHolds(() => expect(rows().join("\n")).toContain("sweep-"));
  expect(written.filter((text) => text !== ASKS_FOR_PASTES)).toHaveLength(before + 1);
  ink.unmount();
});

test.each<[string, string, Key[]]>([
  ["an arrow", "\u001b[B", [{ named: "down" }]],
  ["page up", "\u001b[5~", [{ named: "pageUp" }]],
  ["home", "\u001b[H", [{ named: "home" }]],
  ["Ctrl-C", "\u0003", [{ named: "ctrl-c" }]],
  ["Ctrl-Z", "\u001a", [{ named: "ctrl-z" }]],
  ["Enter", "\r", [{ named: "enter" }]],
  ["Backspace", "\u007f", [{ named: "backspace" }]],
  ["a paste", "\u001b[200~xy\rq\u001b[201~", [{ pasted: "xy\rq" }]],
  ["a paste and a letter", "\u001b[200~p\u001b[201~k", [{ pasted: "p" }, { typed: "k" }]],
  ["a letter", "p", [{ typed: "p" }]],
  ["a capital", "G", [{ typed: "G" }]],
  ["fast typing", "jjw", [{ typed: "j" }, { typed: "j" }, { typed: "w" }]],
  ["Esc and a letter at once", "\u001bq", [{ named: "escape" }, { typed: "q" }]],
  ["Esc", "\u001b", [{ named: "escape" }]],
])("keys arrive as they are pressed: %s", async (_, bytes, expected) => {
  const { stdin, keys, ink } = open();
  await untilHolds(() => expect(stdin.listenerCount("readable")).toBeGreaterThan(0));
  stdin.write(bytes);
  await untilHolds(() => expect(keys).toEqual(expected));
  ink.unmount();
});
