// Logistic regression by gradient descent with a little ridge: two features and a hundred rows need no more.
export const sigmoid = (z) => 1 / (1 + Math.exp(-z));

/** Weights [bias, ...features] of P(positive | features). Rows: { x: number[], y: 0 | 1, weight }. */
export function fit(rows, { steps = 20_000, rate = 0.05, ridge = 0.002 } = {}) {
  const weights = Array.from({ length: rows[0].x.length + 1 }, () => 0);
  const total = rows.reduce((sum, row) => sum + row.weight, 0);
  for (let step = 0; step < steps; step++) {
    const gradient = weights.map((w, i) => (i === 0 ? 0 : ridge * w));
    for (const { x, y, weight } of rows) {
      const off = ((predict(weights, x) - y) * weight) / total;
      gradient[0] += off;
      for (let i = 0; i < x.length; i++) gradient[i + 1] += off * x[i];
    }
    for (let i = 0; i < weights.length; i++) weights[i] -= rate * gradient[i];
  }
  return weights;
}

export function predict(weights, x) {
  return sigmoid(x.reduce((sum, value, i) => sum + value * weights[i + 1], weights[0]));
}
