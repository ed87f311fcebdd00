/** Small arithmetic of the measurements. */
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function round(value, digits = 3) {
  if (value === undefined || value === null || !Number.isFinite(value)) return undefined;
  return Number(value.toFixed(digits));
}

/** Nearest rank. */
export function percentile(values, percent) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
}

/** The least of what there is; undefined when a run gave no figure. */
export const best = (values) => (values.includes(undefined) ? undefined : Math.min(...values));

export const median = (values) => percentile(values, 50);

export function spread(values) {
  return {
    n: values.length,
    p50: round(percentile(values, 50)),
    p90: round(percentile(values, 90)),
    p99: round(percentile(values, 99)),
    max: round(Math.max(...values)),
  };
}

/** Waits until `done()` or for `ms`; says which. */
export async function until(done, ms, step = 50) {
  for (const end = performance.now() + ms; performance.now() < end;) {
    if (await done()) return true;
    await sleep(step);
  }
  return Boolean(await done());
}
