/** What bin/graine runs. */
import { terminal } from './io.ts';
import { run } from './program.ts';

const code = await run(process.argv.slice(2), terminal);
// A server that was stopped, or a demo that ended, has nothing more to do, whatever is still open.
process.exit(code);
