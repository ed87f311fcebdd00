export { createStreams } from './streams.ts';
