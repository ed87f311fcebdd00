/** What bin/graine runs. */
import { terminal } from './io.ts';
import { run } from './program.ts';

// A server that was stopped, or a demo that ended, has nothing more to do, whatever is still open.
void run(process.argv.slice(2), terminal).then((code) => process.exit(code));
