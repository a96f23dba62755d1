/**
 * Finds the program that a job's command names: what `run` prints, `check` warns about and the launcher
 * starts. Only looks; must never run anything.
 */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { isAbsent, systemCode } from "../contract/system-code.ts";

/** What names a program; `python` is the interpreter that a job's config gives. */
export interface Named {
  command: readonly string[];
  python?: string | undefined;
}

/** `code` is a shell's exit code: 127 not found, 126 found but not executable. `ours`: it says nothing of the command. */
export type Resolved =
  | { ok: true; path: string }
  | { ok: false; code: 126 | 127; reason: string; ours?: true };

/**
 * The program behind `command[0]`: `node` is this very Node; `python` and `python3` are the job's
 * `python`, else the virtual environment in its folder, else an active one, else PATH; a name
 * with a slash is relative to the job's folder; any other name is looked up in PATH.
 * @param cwd the job's folder, absolute
 * @param env the environment that the job will get
 */
export function resolveCommand(spec: Named, cwd: string, env: NodeJS.ProcessEnv = process.env): Resolved {
  const name = spec.command[0] ?? "";
  if (name === "node") return ownNode();
  if (name === "python" || name === "python3") return findPython(name, spec.python, cwd, env);
  return find(name, cwd, env);
}

function ownNode(): Resolved {
  const path = process.execPath;
  if (judge(path) === "runs") return { ok: true, path };
  return {
    ok: false,
    code: 127,
    reason: `Node (${path}), which runs this supervisor too, is gone`,
    ours: true,
  };
}

function findPython(name: string, wanted: string | undefined, cwd: string, env: NodeJS.ProcessEnv): Resolved {
  if (wanted) return find(wanted, cwd, env);
  const environments = [".venv", "venv"].map((folder) => join(cwd, folder));
  if (env.VIRTUAL_ENV) environments.push(env.VIRTUAL_ENV);
  for (const environment of environments) {
    // Never its real path: Python finds its virtual environment by the path of the link.
    const path = join(environment, "bin", name);
    const verdict = judge(path);
    if (verdict === "runs") return { ok: true, path };
    // It may be there, and another Python would lack its packages.
    if (typeof verdict === "object") return unseen(path, verdict);
  }
  const found = find(name, cwd, env);
  if (found.ok || name === "python3") return found;
  const three = find("python3", cwd, env);
  return three.ok ? three : found;
}

function find(name: string, cwd: string, env: NodeJS.ProcessEnv): Resolved {
  if (name === "") return { ok: false, code: 127, reason: "the command is empty" };
  if (name.includes("/")) {
    const path = isAbsolute(name) ? name : resolve(cwd, name);
    const verdict = judge(path);
    if (verdict === "runs") return { ok: true, path };
    if (verdict === "missing") return { ok: false, code: 127, reason: `${path} does not exist` };
    if (verdict !== "unusable") return unseen(path, verdict);
    return { ok: false, code: 126, reason: `${path} is not an executable file` };
  }
  let unusable: string | null = null;
  for (const folder of (env.PATH ?? "").split(delimiter)) {
    const path = resolve(cwd, folder, name);
    const verdict = judge(path);
    if (verdict === "runs") return { ok: true, path };
    if (verdict === "unusable") unusable ??= path;
    // One that is shut to us is passed over, as the system does; what lies behind a broken one may be another program.
    else if (typeof verdict === "object" && verdict.code !== "EACCES") return unseen(path, verdict);
  }
  return unusable === null
    ? { ok: false, code: 127, reason: `'${name}' was not found in PATH` }
    : { ok: false, code: 126, reason: `${unusable} is not an executable file` };
}

const unseen = (path: string, { code }: Unseen): Resolved => ({
  ok: false,
  code: 126,
  reason: `${path} can't be looked at (${code})`,
  ours: true,
});

/** `code`: what keeps it from being looked at. */
interface Unseen {
  code: string;
}

function judge(path: string): "runs" | "unusable" | "missing" | Unseen {
  try {
    if (!statSync(path).isFile()) return "unusable";
  } catch (error) {
    const code = systemCode(error);
    return code === null || isAbsent(error) ? "missing" : { code };
  }
  try {
    accessSync(path, constants.X_OK);
    return "runs";
  } catch {
    return "unusable";
  }
}
