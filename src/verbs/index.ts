import type { Script, Session } from '../call/index.ts';
import { Interpreter } from './interpreter.ts';

export { type VerbFault, verbFaults } from './check.ts';
export { dialledNumber, placedAmd, type PlacedCall, placedCallFaults } from './placed-call.ts';
export { describeFaults, parseApplication, verbSchemas } from './schema/schema.ts';

/** What main.ts hands to call control: how a session's verbs are run. */
export function createScript(session: Session): Script {
  return new Interpreter(session);
}
