/**
 * Errors in what is asked of a server (`pause.method: "http"`) that no shape can express. Works on the raw
 * document.
 */
import { isLoopback } from "../../loopback.ts";
import { type Entry, type Fields, formatPath, type Path, show } from "../../problem.ts";
import { NEED_MODEL } from "../../schema/server-presets.ts";
import { serverKeys } from "../../schema/server-schema.ts";
import type { Finding } from "../explain.ts";

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const found = (path: Path, sentence: string): Finding => ({
  path,
  message: `${formatPath(path)} ${sentence}`,
});

export function checkServer({ path, fields }: Entry): Finding[] {
  const { pause } = fields;
  if (!isFields(pause)) return [];
  const here = [...path, "pause"];
  if (pause.method !== "http") return meaningless(here, pause);
  const checks = ["drain", "released", "ready"].flatMap((key) => checksIn(pause[key], [...here, key]));
  return [...incomplete(here, pause), ...unreadable(here, pause), ...elsewhere(here, pause), ...checks];
}

function unreadable(here: Path, { url }: Fields): Finding[] {
  // Of one that doesn't begin so the schema tells.
  if (typeof url !== "string" || !/^https?:\/\//.test(url) || URL.canParse(url)) return [];
  return [found([...here, "url"], `must be an address such as http://127.0.0.1:8000, got ${show(url)}.`)];
}

function meaningless(here: Path, pause: Fields): Finding[] {
  const [key] = Object.keys(pause).filter((name) => Object.hasOwn(serverKeys, name));
  if (key === undefined) return [];
  const sentence = 'is only for servers that are asked by HTTP. Write "method": "http" beside it.';
  return [{ ...found([...here, key], sentence), part: "key" }];
}

function incomplete(here: Path, pause: Fields): Finding[] {
  const { server, model, url, release } = pause;
  if (server === undefined) {
    const missing = [url === undefined ? "url" : [], release === undefined ? "release" : []].flat();
    return missing.map((key) =>
      found(
        [...here, key],
        "is missing: \"method\": \"http\" needs a named 'server', or 'url' and 'release'.",
      ),
    );
  }
  if (!NEED_MODEL.includes(String(server)) || model !== undefined) return [];
  return [found([...here, "model"], `is missing: ${String(server)} unloads one model, by its name.`)];
}

function elsewhere(here: Path, { url, remote }: Fields): Finding[] {
  if (typeof url !== "string" || remote === true || !URL.canParse(url)) return [];
  if (isLoopback(new URL(url).hostname)) return [];
  const sentence = `must be on this machine (127.0.0.1, [::1] or localhost), got ${show(url)}. Write "remote": true beside it if another one is meant.`;
  return [found([...here, "url"], sentence)];
}

function checksIn(list: unknown, here: Path): Finding[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((check: unknown, i) => (isFields(check) ? oneCheck(check, [...here, i]) : []));
}

function oneCheck(check: Fields, here: Path): Finding[] {
  const [looks, compares] = ["json" in check || "metric" in check, "equals" in check || "absent" in check];
  if ("json" in check && "metric" in check)
    return [found(here, "must have one of 'json' and 'metric', but has both.")];
  if ("equals" in check && "absent" in check)
    return [found(here, "must have one of 'equals' and 'absent', but has both.")];
  if (looks && !compares) return [found(here, "must say what the value has to be: 'equals', or 'absent'.")];
  if (!looks && compares) return [found(here, "must say which value is meant: 'json' or 'metric'.")];
  if ("absent" in check && !("json" in check)) return [found(here, "must have 'json' beside 'absent'.")];
  if ("metric" in check && typeof check.equals !== "number")
    return [found([...here, "equals"], `must be a number, got ${show(check.equals)}: a metric is one.`)];
  return [];
}
