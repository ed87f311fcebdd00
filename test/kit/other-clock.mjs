/** Loaded before a server: its wall clock goes by the number of ms in the file GRAINE_TEST_CLOCK, read at SIGUSR2. */
import { readFileSync } from 'node:fs';

const real = Date.now;
let step = 0;
Date.now = () => real() + step;
process.on('SIGUSR2', () => {
  step = Number(readFileSync(process.env.GRAINE_TEST_CLOCK, 'utf8'));
});
