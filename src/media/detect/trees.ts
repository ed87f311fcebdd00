/** Boosted trees of depth 3 (bench/amd/trees.mjs fits them): how likely it is that what has these properties is one. */
const SPLITS = 7;
const LEAVES = 8;

/** Of each tree, one after the other: the property each of seven nodes asks for and the figure it is compared with (children of
 * node n: 2n+1 where it is not above, 2n+2 where it is), and eight leaves. */
export type Trees = {
  readonly bias: number;
  readonly properties: readonly number[];
  readonly thresholds: readonly number[];
  readonly leaves: readonly number[];
};

/** 0 to 1. Allocates nothing. */
export function chanceBy({ bias, properties, thresholds, leaves }: Trees, values: Float64Array): number {
  let sum = bias;
  for (let at = 0, leaf = 0; at < properties.length; at += SPLITS, leaf += LEAVES) {
    let node = 0;
    while (node < SPLITS) node = 2 * node + (values[properties[at + node]!]! > thresholds[at + node]! ? 2 : 1);
    sum += leaves[leaf + node - SPLITS]!;
  }
  return 1 / (1 + Math.exp(-sum));
}
