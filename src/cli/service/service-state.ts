/** Whether systemd starts a supervisor, and when. Asks; changes nothing. */
import { existsSync } from "node:fs";
import type { Places } from "../../config/places.ts";
import { unitName, unitPath } from "./unit.ts";
import { lingers, missingManager, stateOf } from "./user-manager.ts";

export interface ServiceState {
  unit: string;
  path: string;
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
  const installed = existsSync(path);
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

export const startsWhen = ({ lingering }: Pick<ServiceState, "lingering">): string =>
  lingering ? "starts at boot" : "starts at login";
