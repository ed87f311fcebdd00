/** What `import … from 'graine'` gives: a server in your own process. The command is in cli/. */
export { type Config, loadConfig, parseConfig } from './config/index.ts';
export { refuseBadVerbs, runningNodes, type Server, startServer, version } from './server/index.ts';
