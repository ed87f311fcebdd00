export { type Server, startServer } from './start.ts';
export { version } from './version.ts';
export { runningNodes } from './roster.ts';
