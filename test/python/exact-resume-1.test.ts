import { resumesExactly } from "./exact-resume.ts";

resumesExactly(1);
