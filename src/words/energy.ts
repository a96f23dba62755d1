/** Energy, money and CO2 in words, in about three digits. Never decides anything. */
const figures = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });

/** From kWh: "12.3 kWh", "820 Wh". */
export const energy = (kWh: number): string =>
  Math.abs(kWh) >= 1 ? `${figures.format(kWh)} kWh` : `${figures.format(kWh * 1000)} Wh`;

/** From grams: "3.2 kg", "410 g". */
export const mass = (grams: number): string =>
  Math.abs(grams) >= 1000 ? `${figures.format(grams / 1000)} kg` : `${figures.format(grams)} g`;

/** "EUR 12.34", "-EUR 0.21"; below a hundredth of the currency in three digits. `currency`: ISO 4217. */
export function money(amount: number, currency: string): string {
  const small = amount !== 0 && Math.abs(amount) < 0.01;
  const digits = small ? { maximumSignificantDigits: 3 } : {};
  return new Intl.NumberFormat("en-US", {
    style: "currency",
    currency,
    currencyDisplay: "code",
    ...digits,
  })
    .format(amount)
    .replaceAll("\u00a0", " ");
}
