/** Whether systemd starts a supervisor, and when. Asks; changes nothing. */
import type { Places } from "../../config/places.ts";
import { isGone } from "../../files/is-there.ts";
import { unitName, unitPath } from "./unit.ts";
import { lingers, missingManager, stateOf } from "./user-manager.ts";

export interface ServiceState {
  unit: string;
  path: string;
  /** Its file may be there. */
  installed: boolean;
  /** In systemd's words, such as "active" and "enabled"; null where it wasn't asked. */
  active: string | null;
  enabled: string | null;
  /** Whether it starts at boot instead of at login; null where logind can't tell. */
  lingering: boolean | null;
  /** Why this user has no services here; null where there may be some. */
  unavailable: string | null;
}

export async function serviceState(places: Places): Promise<ServiceState> {
  const [unit, path] = [unitName(places), unitPath(places)];
  const installed = !isGone(path);
  const unavailable = await missingManager();
  const asked = installed && unavailable === null;
  return {
    unit,
    path,
    installed,
    active: asked ? await stateOf("is-active", unit) : null,
    enabled: asked ? await stateOf("is-enabled", unit) : null,
    lingering: unavailable === null ? await lingers() : null,
    unavailable,
  };
}

/** "enabled, and starts at login": goes on from its name. */
export function startsWhen({ enabled, lingering }: Pick<ServiceState, "enabled" | "lingering">): string {
  if (enabled !== "enabled") return `${enabled ?? "unknown"}, so systemd doesn't start it`;
  if (lingering === null) return "enabled, and starts at login or at boot (logind can't say which)";
  return lingering ? "enabled, and starts at boot" : "enabled, and starts at login";
}
