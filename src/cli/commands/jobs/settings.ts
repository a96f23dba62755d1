/** Settings of a job as they are typed: `pause.graceSeconds=300`. Pure. */
import type { Edit } from "../../../config/edit/edit-config.ts";
import { misuse } from "../../../refusal.ts";

/** Those of `edit`, below `at`. @throws Refusal (bad usage) */
export function changesOf(name: string, changes: string[], at: (string | number)[]): Edit[] {
  if (changes.length === 0)
    throw misuse(
      `Which setting of '${name}'? supervisor edit ${name} priority=20 pause.graceSeconds=300; SETTING= removes one`,
    );
  if (changes.some((one) => one.startsWith("name=")))
    throw misuse("A job's name is what its checkpoints and its history are kept under; it can't be changed.");
  return changes.map((one) => settingOf(one, at, "A change"));
}

/** A value is JSON, or else a text; none at all takes the setting out. @throws Refusal (bad usage) */
export function settingOf(text: string, at: (string | number)[], option: string): Edit {
  const [, key = "", value = ""] = /^([A-Za-z]\w*(?:\.\w+)*)=(.*)$/s.exec(text) ?? [];
  if (key === "") throw misuse(`${option} must be SETTING=VALUE, such as priority=20, got '${text}'.`);
  return {
    path: [...at, ...key.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part))],
    value: value === "" ? undefined : written(value),
  };
}

function written(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
