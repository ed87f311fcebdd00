/** What every session begins with, whoever placed its first call: its note, its link to the application, its place in the
 * directory of calls. */
import type { Account, Application, HookRef, HookTarget } from '../ports/index.ts';
import { appCommand } from './app-commands.ts';
import type { Leg } from './leg.ts';
import type { ScriptFactory } from './script.ts';
import type { Services } from './services.ts';
import { Session } from './session.ts';

type Opening = {
  readonly services: Services;
  readonly scripts: ScriptFactory;
  readonly caller: Leg;
  readonly account: Account;
  readonly application: Application | undefined;
  /** Relative hooks resolve against it. */
  readonly base: HookTarget | undefined;
  /** Told of every state in place of the application's. */
  readonly statusHook?: HookRef | undefined;
};

export function openSession(opening: Opening): Session {
  const { services, scripts, caller, account, application, base, statusHook } = opening;
  const { callSid, from, to, traceId } = caller.identity;
  caller.note('session.started', { accountSid: account.sid, application: application?.name, from, to });
  const { webhookSecret } = account;
  const link = services.hooks.open({ accountSid: account.sid, callSid, webhookSecret, base, traceId });
  const session = new Session({ services, scripts, commander: appCommand, caller, application, link, statusHook });
  const { node } = services.settings;
  void services.live.putCall({ callSid, accountSid: account.sid, node, startedAt: caller.startedAt });
  return session;
}
