/** User names for evidence, from /etc/passwd; a user who isn't in it (LDAP) is shown by number. */
import { readFileSync, statSync } from "node:fs";

const PASSWD = "/etc/passwd";

let names = new Map<number, string>();
let stamp = "";

/** Never throws. Rereads the file when it has changed. */
export function userName(uid: number): string {
  try {
    const { mtimeMs, size, ino } = statSync(PASSWD);
    if (`${ino} ${size} ${mtimeMs}` !== stamp) {
      stamp = `${ino} ${size} ${mtimeMs}`;
      names = parsePasswd(readFileSync(PASSWD, "utf8"));
    }
  } catch {
    // Without the file, users are shown by number.
  }
  return names.get(uid) ?? String(uid);
}

export function parsePasswd(text: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const line of text.split("\n")) {
    const [name, , uid] = line.split(":");
    // The first name of a user who has several is the usual one.
    if (name && uid && /^\d+$/.test(uid) && !found.has(Number(uid))) found.set(Number(uid), name);
  }
  return found;
}
