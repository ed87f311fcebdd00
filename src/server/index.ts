export { type Server, startServer } from './start.ts';
export { refuseBadVerbs } from './verbs-in-file.ts';
export { version } from './version.ts';
export { runningNodes } from './roster.ts';
