import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { isGone, isThere } from "../../src/files/is-there.ts";
import { openReadOnly } from "../../src/record/database/open-read-only.ts";
import { Refusal } from "../../src/refusal.ts";

const ANOTHER = 65_534;

/** As a user who has no rights of root's. */
function asAnother<T>(act: () => T): T {
  const own = process.geteuid?.() ?? 0;
  if (own === 0) process.seteuid?.(ANOTHER);
  try {
    return act();
  } finally {
    process.seteuid?.(own);
  }
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "is-there-"));
  onTestFinished(() => {
    chmodSync(made, 0o700);
    rmSync(made, { recursive: true, force: true });
  });
  writeFileSync(join(made, "file"), "");
  symlinkSync("nowhere", join(made, "dangling"));
  return made;
}

test("what is there, and what surely isn't", () => {
  const made = folder();
  expect(["", "file"].map((name) => isThere(join(made, name)))).toEqual([true, true]);
  const absent = ["other", "file/below", "dangling", "n".repeat(300)];
  expect(absent.map((name) => isThere(join(made, name)))).toEqual([false, false, false, false]);
  expect([...absent, "", "file"].map((name) => isGone(join(made, name)))).toEqual([
    ...absent.map(() => true),
    false,
    false,
  ]);
});

test("what can't be looked at isn't said to be absent, nor to be there", () => {
  const made = folder();
  chmodSync(made, 0o600);
  for (const name of ["file", "other"])
    expect(() => asAnother(() => isThere(join(made, name)))).toThrow(
      new Refusal(
        `Whether ${join(made, name)} is there can't be told (EACCES): look at the rights and the disk of ${made}.`,
      ),
    );
  expect(asAnother(() => isGone(join(made, "other")))).toBe(false);
  expect(() => asAnother(() => openReadOnly(join(made, "other")))).toThrow(/can't be told \(EACCES\)/);
});
