/** Made by bench/amd/beeps.mjs; the properties are those of beepFeatures, in its order, after a constant. */
export const beepWeights: { readonly ended: readonly number[]; readonly sounding: readonly number[] } = {
  ended: [-14.304, 2.322, -1.639, 0.087, -0.885, 0.32, 2.137, 0.407, 2.189, -3.51, -1.667, 1.188, 1.077],
  sounding: [-9.835, 0.762, -1.324, 0.16, -0.423, 0.632, 1.483, 0.022, 3.079, -4.407, -1.561, 1.752, 0.907],
};
