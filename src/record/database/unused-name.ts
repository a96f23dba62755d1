/** A file name with the time in it that isn't taken yet, so that nothing is ever overwritten. */

/** `<prefix>-20261123T091204Z`, with `.2`, `.3`, … when that exists. */
export function unusedName(prefix: string, nowMs: number, taken: (path: string) => boolean): string {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, "");
  const first = `${prefix}-${stamp}`;
  let name = first;
  for (let n = 2; taken(name) || taken(`${name}-wal`); n++) name = `${first}.${n}`;
  return name;
}
