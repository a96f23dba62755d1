/**
 * Servers that are asked by HTTP, in a config.
 * Covers: src/config/check/jobs/check-server.ts, src/config/loopback.ts, src/config/schema/server-schema.ts
 */
import { expect, it } from "vitest";
import { checkText } from "../../src/config/load.ts";
import { job, problems } from "./texts.ts";

const http = (more: string): string => job(`"pause":{"method":"http",${more}}`);

/** ▸ marks where the message must point. */
it.each([
  [
    job('"pause":{"method":"http","timeoutSeconds":▸"60s","server":"vllm"}'),
    'jobs[0].pause.timeoutSeconds must be a positive number, got "60s". Write 60.',
  ],
  [http('"server":▸"olama"'), "jobs[0].pause.server must be"],
  [
    http('"server":"vllm","relase":▸[]').replace("▸", "").replace('"relase"', '▸"relase"'),
    "Did you mean 'release'?",
  ],
  [
    job('"pause":{▸"server":"vllm"}'),
    'jobs[0].pause.server is only for servers that are asked by HTTP. Write "method": "http" beside it.',
  ],
  [
    http('"server":"vllm","url":▸"http://10.1.2.3:8000"'),
    'jobs[0].pause.url must be on this machine (127.0.0.1, [::1] or localhost), got "http://10.1.2.3:8000". Write "remote": true beside it if another one is meant.',
  ],
  ...["http://127.0.0.1:114345", "http://127.0.0.1:8o80", "http://[::1"].map((url) => [
    http(`"server":"vllm","url":▸"${url}"`),
    `jobs[0].pause.url must be an address such as http://127.0.0.1:8000, got "${url}".`,
  ]),
  [
    http('"server":"vllm","url":▸"http://me:pw@localhost:1"'),
    "jobs[0].pause.url must be an http(s) URL without a secret",
  ],
  [
    http('"server":"vllm","headers":{"Authorization":▸"Bearer hunter2"}'),
    "jobs[0].pause.headers.Authorization must be env:NAME, for a value in the environment.",
  ],
  [
    http('"server":"sglang","drain":[▸{"path":"/load","json":["n"]}]'),
    "jobs[0].pause.drain[0] must say what the value has to be: 'equals', or 'absent'.",
  ],
  [
    http('"server":"sglang","ready":[▸{"path":"/load","json":["n"],"metric":"n","equals":0}]'),
    "jobs[0].pause.ready[0] must have one of 'json' and 'metric', but has both.",
  ],
  [
    http('"server":"sglang","release":[{"path":▸"sleep"}]'),
    "jobs[0].pause.release[0].path must be a path that begins with '/'",
  ],
])("%s", (marked, message) => {
  const at = marked.indexOf("▸");
  const [first = ""] = problems(marked.replace("▸", ""));
  expect(first).toContain(message);
  expect(first).toContain(`c.json:1:${at + 1}:`);
  expect(first).not.toContain("hunter2");
});

it("all that is missing is told at once", () => {
  expect(problems(http('"timeoutSeconds":5'))).toMatchObject([
    expect.stringContaining("jobs[0].pause.url is missing"),
    expect.stringContaining("jobs[0].pause.release is missing"),
  ]);
  expect(problems(http('"server":"triton"'))).toMatchObject([
    expect.stringContaining("jobs[0].pause.model is missing: triton unloads one model, by its name."),
  ]);
});

const callsOf = (more: string) => {
  const loaded = checkText(http(more), "c.json");
  return loaded.ok ? loaded.config.jobs[0]?.pause.calls : loaded.problems;
};

it("a named server is short for its written-out form; what is written beside it wins", () => {
  const calls = callsOf('"server":"ollama","model":"m:7b"');
  expect(calls).toMatchObject({
    url: "http://127.0.0.1:11434",
    release: [{ method: "POST", path: "/api/generate", body: { model: "m:7b", keep_alive: 0 } }],
    released: [{ path: "/api/ps", json: ["models", { name: "m:7b" }], absent: true }],
    otherwise: "wait",
  });
  const own = {
    url: "http://[::1]:9",
    remainingMiB: 77,
    ready: [{ method: "GET", path: "/up", status: 204 }],
  };
  expect(callsOf(`"server":"ollama","model":"m:7b",${JSON.stringify(own).slice(1, -1)}`)).toEqual({
    ...(calls as object),
    ...own,
  });
  expect(callsOf(JSON.stringify(calls).slice(1, -1))).toEqual(calls);
  expect(callsOf('"server":"vllm","url":"http://10.1.2.3:8000","remote":true')).toMatchObject({
    remainingMiB: 1500,
  });
});
