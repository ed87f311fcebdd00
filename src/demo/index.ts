/** The demo behind `npm run demo`. */
export { EchoApp } from './echo.ts';
export { type DemoConfig } from './config.ts';
export { type DemoOptions, runDemo } from './run.ts';
export { type DemoServer, type StartServer } from './stage.ts';
