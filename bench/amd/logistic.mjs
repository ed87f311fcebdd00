// Logistic regression by Newton's method, with a little ridge that keeps the weights of what hardly matters small.
export const sigmoid = (z) => 1 / (1 + Math.exp(-z));

/** Weights [bias, ...features] of P(positive | features). Rows: { x: number[], y: 0 | 1, weight }. */
export function fit(rows, { steps = 25, ridge = 0.002 } = {}) {
  const size = rows[0].x.length + 1;
  const weights = Array.from({ length: size }, () => 0);
  const total = rows.reduce((sum, row) => sum + row.weight, 0);
  for (let step = 0; step < steps; step++) {
    const slope = weights.map((w, i) => (i === 0 ? 0 : ridge * w));
    const curve = weights.map((_, i) => weights.map((__, j) => (i === j ? (i === 0 ? 1e-9 : ridge) : 0)));
    for (const row of rows) add(row, weights, { slope, curve, total });
    const moved = solve(curve, slope);
    const longest = Math.max(...moved.map(Math.abs));
    const share = Math.min(1, 2 / longest);
    for (let i = 0; i < size; i++) weights[i] -= share * moved[i];
    if (longest < 1e-6) break;
  }
  return weights;
}

/** One row's part of the slope and the curvature of the likelihood. */
function add({ x, y, weight }, weights, { slope, curve, total }) {
  const p = predict(weights, x);
  const off = ((p - y) * weight) / total;
  const bend = (Math.max(p * (1 - p), 1e-6) * weight) / total;
  const values = [1, ...x];
  for (const [i, a] of values.entries()) {
    slope[i] += off * a;
    for (const [j, b] of values.entries()) curve[i][j] += bend * a * b;
  }
}

/** Gauss with pivots. */
function solve(matrix, right) {
  const n = right.length;
  const rows = matrix.map((row, i) => [...row, right[i]]);
  for (let i = 0; i < n; i++) {
    let best = i;
    for (let k = i + 1; k < n; k++) if (Math.abs(rows[k][i]) > Math.abs(rows[best][i])) best = k;
    [rows[i], rows[best]] = [rows[best], rows[i]];
    for (let k = i + 1; k < n; k++) {
      const factor = rows[k][i] / rows[i][i];
      for (let j = i; j <= n; j++) rows[k][j] -= factor * rows[i][j];
    }
  }
  const found = Array.from({ length: n }, () => 0);
  for (let i = n - 1; i >= 0; i--) {
    let sum = rows[i][n];
    for (let j = i + 1; j < n; j++) sum -= rows[i][j] * found[j];
    found[i] = sum / rows[i][i];
  }
  return found;
}

function predict(weights, x) {
  return sigmoid(x.reduce((sum, value, i) => sum + value * weights[i + 1], weights[0]));
}
