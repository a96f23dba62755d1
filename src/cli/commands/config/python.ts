/**
 * `python`: the line that installs the Python library. Its wheel comes with this program, so no network is needed;
 * which line works depends on the interpreter.
 */
import { globSync } from "node:fs";
import { packageFile } from "../../../own-files.ts";
import { Refusal } from "../../../refusal.ts";
import { runChild } from "../../../spawn/run-child.ts";
import { shellWord } from "../../../words/shell-word.ts";
import { print, say } from "../../print.ts";
import type { Options } from "../../supervisors/connect.ts";

interface PythonOptions extends Options {
  /** The interpreter that jobs run with. */
  python: string;
  /** Prints the wheel's path alone. */
  path?: boolean;
}

interface Interpreter {
  executable: string;
  version: string;
  /** A virtual environment. */
  own: boolean;
  /** Its distribution manages what is installed (PEP 668): pip refuses. */
  managed: boolean;
  pip: boolean;
}

const ASKED = `
import importlib.util, json, os, sys, sysconfig
marker = os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
own = sys.prefix != sys.base_prefix
print(json.dumps({
  "executable": sys.executable,
  "version": "%d.%d" % sys.version_info[:2],
  "own": own,
  "managed": not own and os.path.exists(marker),
  "pip": importlib.util.find_spec("pip") is not None,
}))`;

export async function python({ python, path }: PythonOptions): Promise<void> {
  const [wheel] = globSync(packageFile("dist/python/*.whl"));
  if (wheel === undefined)
    throw new Refusal("The Python library isn't in this build. In a checkout: npm run build");
  if (path) return print(wheel);
  const found = await lookAt(python);
  say(`For ${found.executable} (Python ${found.version}):`);
  print(lineFor(found, shellWord(wheel)));
}

async function lookAt(python: string): Promise<Interpreter> {
  const asked = await runChild(python, ["-c", ASKED], { timeoutMs: 30_000 });
  if (!asked.ok)
    throw new Refusal(
      `${python} can't be asked (${asked.reason}). Name your jobs' interpreter: supervisor python --python PATH`,
    );
  return JSON.parse(asked.stdout);
}

function lineFor({ executable, managed, pip }: Interpreter, wheel: string): string {
  const word = shellWord(executable);
  if (managed) {
    say(
      "Its distribution manages it, and pip refuses (PEP 668): a virtual environment sees its packages, too.",
    );
    return `${word} -m venv --system-site-packages .venv && .venv/bin/python -m pip install ${wheel}`;
  }
  return pip ? `${word} -m pip install ${wheel}` : `uv pip install --python ${word} ${wheel}`;
}
