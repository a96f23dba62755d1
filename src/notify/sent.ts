/** How sending one message went; `again`: it may well work later, after at least `afterMs`. */
export type Sent = { ok: true } | { ok: false; reason: string; again: boolean; afterMs?: number };

export const failed = (reason: string, again: boolean, afterMs?: number): Sent => ({
  ok: false,
  reason,
  again,
  ...(afterMs !== undefined && { afterMs }),
});
