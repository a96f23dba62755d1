/** What electricity costs, and what the host draws where no meter tells: for `supervisor report` alone. */
import { z } from "zod";
import { DAYS } from "../tariff-week.ts";

const clock = z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, "a time of day, such as 06:30 or 24:00");

const priceSchema = z.strictObject({
  days: z.array(z.enum(DAYS)).min(1).optional().describe("Days on which it begins; all when left out."),
  from: clock.default("00:00").describe("On the wall clock of `timezone`."),
  to: clock.default("24:00").describe("Up to then; at or before `from`: on the next day."),
  pricePerKWh: z.number().describe("In `currency`; may be negative."),
  gCO2PerKWh: z.number().min(0).optional().describe("Grams of CO2 of one kWh."),
});

export const tariffSchema = z
  .strictObject({
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, "three capitals, such as EUR")
      .default("EUR")
      .describe("ISO 4217."),
    timezone: z.string().optional().describe("IANA name; the system's time zone when left out."),
    prices: z
      .array(priceSchema)
      .default([])
      .describe("Time-of-use prices: without a gap or an overlap in the week."),
    file: z
      .string()
      .optional()
      .describe(
        'Prices by moment, as JSON lines or a JSON array of { "at", "pricePerKWh", "gCO2PerKWh" }; they go before `prices`. Relative to this file.',
      ),
    command: z
      .array(z.string())
      .min(1)
      .optional()
      .describe("argv; no shell. Instead of a file: prints the same."),
  })
  .refine((t) => t.file === undefined || t.command === undefined, "at most one of 'file' and 'command'");

export const energySchema = z.strictObject({
  hostWatts: z
    .number()
    .min(0)
    .max(10_000)
    .default(100)
    .describe("What the host draws at full CPU use beyond its idle draw: for estimates, labelled so."),
});

export type Tariff = z.infer<typeof tariffSchema>;
