/** The known name a mistyped one was probably meant to be. */

/** Levenshtein distance, with a bound: anything above `most` is answered as `most + 1`. */
export function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const cost = Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
      next.push(cost);
      least = Math.min(least, cost);
    }
    if (least > most) return most + 1;
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The nearest of `names`, case aside; undefined when none is near. */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  if (name.length > 64) return undefined;
  const wanted = name.toLowerCase();
  let most = name.length < 4 ? 1 : name.length < 9 ? 2 : 3;
  let best: string | undefined;
  for (const candidate of names) {
    const steps = distance(wanted, candidate.toLowerCase(), most);
    if (steps > most || (steps === most && best !== undefined)) continue;
    best = candidate;
    most = steps;
  }
  return best;
}
