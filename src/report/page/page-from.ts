/** The page with its script and style, which the build puts beside the program. */
import { readFileSync } from "node:fs";
import type { AuditEvent } from "../../model/event.ts";
import { packageFile } from "../../own-files.ts";
import { refusing } from "../../refusal.ts";
import type { Report } from "../report.ts";
import { pageOf } from "./page.ts";
import type { Plots } from "./plots.ts";

export interface PageMaterial {
  events: readonly AuditEvent[];
  plots: Plots;
  title: string;
}

/** Throws Refusal where the program isn't built, and DatabaseError. */
export function pageFrom(report: Report, parts: PageMaterial): string {
  const [script, style] = ["dist/report/page.js", "dist/report/page.css"].map((path) =>
    refusing("This program isn't whole. Build or install it again", () =>
      readFileSync(packageFile(path), "utf8"),
    ),
  ) as [string, string];
  // A script's own text must not end it.
  return pageOf({ report, ...parts, style, script: script.replaceAll("</script", "<\\/script") });
}
