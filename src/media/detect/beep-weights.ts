/** Made by bench/amd/beeps.mjs; the properties are those of beepFeatures, in its order, after a constant. */
export const beepWeights: { readonly ended: readonly number[]; readonly sounding: readonly number[] } = {
  ended: [-14.325, 2.324, -1.642, 0.089, -0.89, 0.32, 2.15, 0.41, 2.175, -3.517, -1.662, 1.186, 1.084],
  sounding: [-9.901, 0.764, -1.327, 0.162, -0.426, 0.648, 1.478, 0.024, 3.057, -4.423, -1.569, 1.747, 0.903],
};
