/** What people write for a level: a number, or `-6 dB`, `+3.5dB`, `2`. undefined for anything else. */
export function readDecibels(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || value.length > 16) return undefined;
  const match = /^\s*([+-]?\d{1,3}(?:\.\d{1,6})?) ?(?:dB)?\s*$/i.exec(value);
  // -0 would be a level of its own to some.
  return match === null ? undefined : Number(match[1]) + 0;
}

/** What a gain may be, dB. */
export const gainLimits = { least: -60, most: 40 } as const;

export function isGain(db: number): boolean {
  return db >= gainLimits.least && db <= gainLimits.most;
}
