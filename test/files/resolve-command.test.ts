import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { resolveCommand } from "../../src/files/resolve-command.ts";
import { deadMount } from "../dead-mount.ts";
import { fuse, root, testWith } from "../needs.ts";
import { givenState } from "../runs/given.ts";

function program(path: string, mode = 0o755): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "#!/bin/sh\n");
  chmodSync(path, mode);
  return path;
}

test("node is this very Node, wherever PATH leads", () => {
  const found = resolveCommand({ command: ["node", "x.js"], python: undefined }, "/", { PATH: "" });
  expect(found).toEqual({ ok: true, path: process.execPath });
});

test("a name is looked up in the PATH of the job, a path is relative to its folder", () => {
  const folder = givenState();
  const tool = program(join(folder, "bin", "tool"));
  const find = (name: string, PATH = join(folder, "bin")) =>
    resolveCommand({ command: [name], python: undefined }, folder, { PATH });
  expect(find("tool")).toEqual({ ok: true, path: tool });
  expect(find("tool", `/nowhere:${folder}/bin`)).toEqual({ ok: true, path: tool });
  expect(find("tool", "bin")).toEqual({ ok: true, path: tool });
  expect(find("./bin/tool")).toEqual({ ok: true, path: tool });
  expect(find(tool)).toEqual({ ok: true, path: tool });
  expect(find("tol")).toEqual({ ok: false, code: 127, reason: "'tol' was not found in PATH" });
  expect(find("./tol")).toEqual({ ok: false, code: 127, reason: `${folder}/tol does not exist` });
  const data = program(join(folder, "bin", "data"), 0o644);
  const notRunnable = { ok: false, code: 126, reason: `${data} is not an executable file` };
  expect(find("data")).toEqual(notRunnable);
  expect(find("bin/data")).toEqual(notRunnable);
  expect(find("./bin")).toMatchObject({ ok: false, code: 126 });
  expect(find("")).toMatchObject({ ok: false, code: 127 });
});

testWith(root)(
  "a program that can't be looked at isn't said to be missing, and says nothing of the command",
  () => {
    const folder = givenState();
    const tool = program(join(folder, "shut", "tool"));
    for (let above = folder; above !== tmpdir(); above = dirname(above)) chmodSync(above, 0o755);
    chmodSync(dirname(tool), 0o700);
    // Root may look everywhere, an ordinary user may not.
    process.seteuid?.(65_534);
    try {
      const reason = `${tool} can't be looked at (EACCES)`;
      expect(resolveCommand({ command: [tool] }, folder)).toEqual({
        ok: false,
        code: 126,
        reason,
        ours: true,
      });
      const inPath = resolveCommand({ command: ["tool"] }, folder, { PATH: dirname(tool) });
      expect(inPath).toMatchObject({ code: 127, reason: "'tool' was not found in PATH" });
      // Another Python would lack the packages of the environment that may be there.
      const env = { VIRTUAL_ENV: dirname(tool), PATH: process.env.PATH };
      const python = join(dirname(tool), "bin/python");
      expect(resolveCommand({ command: ["python"] }, folder, env)).toMatchObject({
        reason: `${python} can't be looked at (EACCES)`,
        ours: true,
      });
    } finally {
      process.seteuid?.(0);
    }
  },
);

testWith(fuse)("a folder of PATH that is broken may hold the program, whatever lies behind it", () => {
  const folder = givenState();
  const behind = program(join(folder, "behind", "tool"));
  mkdirSync(join(folder, "broken"));
  const heal = deadMount(join(folder, "broken"));
  const find = (PATH: string) => resolveCommand({ command: ["tool"] }, folder, { PATH });
  const reason = `${folder}/broken/tool can't be looked at (ENOTCONN)`;
  for (const PATH of ["broken", "broken:behind"])
    expect(find(PATH)).toEqual({ ok: false, code: 126, reason, ours: true });
  expect(find("behind:broken")).toEqual({ ok: true, path: behind });
  heal();
  expect(find("broken:behind")).toEqual({ ok: true, path: behind });
});

test("python is the job's own, then its folder's environment, then an active one, then PATH", () => {
  const folder = givenState();
  const onPath = program(join(folder, "path", "python3"));
  const env: NodeJS.ProcessEnv = { PATH: join(folder, "path") };
  const find = (name: string, python?: string) => resolveCommand({ command: [name], python }, folder, env);
  expect(find("python3")).toEqual({ ok: true, path: onPath });
  expect(find("python")).toEqual({ ok: true, path: onPath });
  env.VIRTUAL_ENV = join(folder, "active");
  const active = program(join(folder, "active/bin/python"));
  expect(find("python")).toEqual({ ok: true, path: active });
  const own = program(join(folder, "venv/bin/python"));
  expect(find("python")).toEqual({ ok: true, path: own });
  const dotted = program(join(folder, ".venv/bin/python"));
  expect(find("python")).toEqual({ ok: true, path: dotted });
  const wanted = program(join(folder, "wanted/python3.12"));
  expect(find("python", "wanted/python3.12")).toEqual({ ok: true, path: wanted });
  expect(find("python", "missing/python")).toMatchObject({ ok: false, code: 127 });
  expect(find("python3.12", "wanted/python3.12")).toMatchObject({ ok: false });
});
