export { type Io, terminal } from './io.ts';
export { run } from './program.ts';
