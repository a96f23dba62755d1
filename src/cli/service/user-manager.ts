/** systemd's manager of this user's services, asked through its own command. */
import { Refusal } from "../../refusal.ts";
import { lastWords, runChild } from "../../spawn/run-child.ts";

const ANSWERS_WITHIN_MS = 30_000;

/** What it prints. Throws Refusal with systemd's own words where it fails. */
export async function systemctl(...words: string[]): Promise<string> {
  const ended = await ask(words);
  if (ended.ok) return ended.stdout.trim();
  throw new Refusal(`systemctl --user ${words.join(" ")} failed: ${lastWords(ended.stderr) || ended.reason}`);
}

/** One word, such as "active" or "disabled"; these questions end with 1 for a no. */
export const stateOf = async (question: "is-active" | "is-enabled", unit: string): Promise<string> =>
  (await ask([question, unit])).stdout.trim() || "unknown";

/** Why there is no such manager here; null where there is one. */
export async function missingManager(): Promise<string | null> {
  const ended = await ask(["show-environment"]);
  if (ended.ok) return null;
  if (ended.why === "missing") return "this system has no systemd";
  return lastWords(ended.stderr).replace(/\.$/, "") || ended.reason;
}

/** Whether this user's services begin with the machine instead of a login; null where logind can't tell. */
export async function lingers(): Promise<boolean | null> {
  const uid = String(process.getuid?.());
  const ended = await runChild("loginctl", ["show-user", uid, "--property=Linger", "--value"], {
    timeoutMs: ANSWERS_WITHIN_MS,
  });
  return ended.ok ? ended.stdout.trim() === "yes" : null;
}

const ask = (words: string[]) =>
  runChild("systemctl", ["--user", ...words], { timeoutMs: ANSWERS_WITHIN_MS });
