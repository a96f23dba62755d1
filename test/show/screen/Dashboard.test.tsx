/** The real component under the real Ink, with keys as bytes on its stdin. */
import { PassThrough } from "node:stream";
import { render } from "ink";
import { expect, test } from "vitest";
import { Dashboard } from "../../../src/show/screen/Dashboard.tsx";
import type { Key } from "../../../src/show/screen/keys.ts";
import { untilHolds } from "../../until.ts";

const SIZE = { width: 100, height: 30 };

function open() {
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {}, ref() {}, unref() {} });
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: SIZE.width, rows: SIZE.height });
  const keys: Key[] = [];
  const onKey = (key: Key): void => void keys.push(key);
  const streams = { stdin: stdin as never, stdout: stdout as never };
  const ink = render(<Dashboard onKey={onKey} />, {
    ...streams,
    debug: true,
    exitOnCtrlC: false,
    patchConsole: false,
  });
  return { stdin, keys, ink };
}

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
