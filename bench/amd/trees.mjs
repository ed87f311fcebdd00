// Boosted trees of depth 3 for P(positive | features): each tree mends what those before it got wrong. A property may be held to
// one direction (`signs`), so that what is chance in the recordings is not learnt: a steadier tone is never less of a beep.
import { sigmoid } from './logistic.mjs';

const DEPTH = 3;
const SPLITS = 2 ** DEPTH - 1;
const BINS = 48;
const LEAST_ROWS = 20;
const CALM = 1;

/** `{ bias, splits: [feature, threshold] by node, leaves }` of each tree; node n has children 2n+1 and 2n+2. */
export function fitTrees(rows, { signs, count = 80, rate = 0.1 }) {
  const size = rows[0].x.length;
  const edges = Array.from({ length: size }, (_, f) => quantiles(rows.map(({ x }) => x[f])));
  const bins = edges.map((list, f) => Uint8Array.from(rows, ({ x }) => list.filter((edge) => x[f] > edge).length));
  const share = rows.reduce((sum, { y }) => sum + y, 0) / rows.length;
  const bias = Math.log(share / (1 - share));
  const sums = new Float64Array(rows.length).fill(bias);
  const trees = [];
  for (let n = 0; n < count; n++) {
    const chances = sums.map(sigmoid);
    const slope = chances.map((p, i) => rows[i].y - p);
    const curve = chances.map((p) => Math.max(1e-6, p * (1 - p)));
    const places = new Uint8Array(rows.length);
    const splits = [];
    for (let level = 0; level < DEPTH; level++) grow({ level, places, splits, bins, edges, slope, curve, signs });
    const leaves = leavesOf({ places, slope, curve }).map((value) => rate * value);
    for (let i = 0; i < rows.length; i++) sums[i] += leaves[places[i] - SPLITS];
    trees.push({ splits, leaves });
  }
  return { bias, trees };
}

export function predictTrees({ bias, trees }, x) {
  let z = bias;
  for (const { splits, leaves } of trees) {
    let node = 0;
    while (node < SPLITS) node = 2 * node + (x[splits[node][0]] > splits[node][1] ? 2 : 1);
    z += leaves[node - SPLITS];
  }
  return sigmoid(z);
}

/** Bounds of about equally full bins. */
function quantiles(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (i) => sorted[Math.floor((i * (sorted.length - 1)) / BINS)];
  return [...new Set(Array.from({ length: BINS - 1 }, (_, i) => at(i + 1)))].filter((v) => v < sorted.at(-1));
}

/** Splits every node of a level, and moves its rows to the children. */
function grow({ level, places, splits, bins, edges, slope, curve, signs }) {
  const from = 2 ** level - 1;
  for (let node = from; node < 2 * from + 1; node++) {
    const members = [];
    for (let i = 0; i < places.length; i++) if (places[i] === node) members.push(i);
    const best = bestSplit({ members, bins, edges, slope, curve, signs });
    // A node that cannot be split sends all to the left.
    splits[node] = best === undefined ? [0, 1e9] : [best.f, edges[best.f][best.bin]];
    for (const i of members) places[i] = 2 * node + (best !== undefined && bins[best.f][i] > best.bin ? 2 : 1);
  }
}

function bestSplit({ members, bins, edges, slope, curve, signs }) {
  let best;
  const [allG, allH] = members.reduce(([g, h], i) => [g + slope[i], h + curve[i]], [0, 0]);
  for (let f = 0; f < bins.length; f++) {
    const [g, h, n] = [0, 0, 0].map(() => new Float64Array(edges[f].length + 1));
    const place = bins[f];
    for (let m = 0; m < members.length; m++) {
      const i = members[m];
      g[place[i]] += slope[i];
      h[place[i]] += curve[i];
      n[place[i]]++;
    }
    let [leftG, leftH, left] = [0, 0, 0];
    for (let bin = 0; bin < edges[f].length; bin++) {
      [leftG, leftH, left] = [leftG + g[bin], leftH + h[bin], left + n[bin]];
      if (left < LEAST_ROWS || members.length - left < LEAST_ROWS) continue;
      const [low, high] = [leftG / (leftH + CALM), (allG - leftG) / (allH - leftH + CALM)];
      if (signs[f] * (high - low) < 0) continue;
      const gain = low * leftG + high * (allG - leftG) - allG ** 2 / (allH + CALM);
      if (gain > (best?.gain ?? 1e-6)) best = { f, bin, gain };
    }
  }
  return best;
}

function leavesOf({ places, slope, curve }) {
  const g = new Float64Array(SPLITS + 1);
  const h = new Float64Array(SPLITS + 1).fill(CALM);
  for (let i = 0; i < places.length; i++) {
    g[places[i] - SPLITS] += slope[i];
    h[places[i] - SPLITS] += curve[i];
  }
  return [...g].map((sum, leaf) => sum / h[leaf]);
}
