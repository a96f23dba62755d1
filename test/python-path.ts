import { existsSync } from "node:fs";

/** The interpreter of the Python tests: SUPERVISOR_TEST_PYTHON, else /usr/bin/python3, else python3. */
export const pythonPath: string =
  process.env.SUPERVISOR_TEST_PYTHON || (existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3");
