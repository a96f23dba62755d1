/** Values that several parts of a config take. */
import { z } from "zod";

export const positive = z.number().positive();
export const seconds = z.number().min(0);
export const jobName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "a name of letters, digits, '.', '_' and '-', at most 64 long");
