/** Which application a call that came in belongs to: by its number, its carrier, or the user who places it. */
import type { Account, Application } from '../../ports/index.ts';
import type { Invitation } from '../../sip/agent/index.ts';
import { parseUri } from '../../sip/message/index.ts';
import type { Services } from '../services.ts';

export type Destination = {
  readonly application: Application | undefined;
  /** The number or name called, as hooks are told. */
  readonly number: string;
  readonly trunk: string;
  /** Verbs of a call that needs no application: one user calls another. */
  readonly verbs?: readonly unknown[];
};

/** undefined: nobody takes this number. */
export function applicationFor(services: Services, invitation: Invitation): Destination | undefined {
  const uri = parseUri(invitation.request.uri);
  const number = uri?.user ?? '';
  const { caller } = invitation;
  switch (caller.kind) {
    case 'carrier':
      return forCarrier(services, { number, ...caller });
    case 'teams':
      return forTeams(services, { number, ...caller });
    case 'user':
      return forUser(services, { accountSid: caller.accountSid, number, host: uri?.host ?? '' });
  }
}

function forCarrier(
  services: Services,
  call: { accountSid: string; carrierSid: string; number: string },
): Destination | undefined {
  const { directory } = services;
  const carrier = directory.get('carrier', call.carrierSid);
  const entry = directory.phoneNumber(call.accountSid, call.number, call.carrierSid);
  const applicationSid = entry?.applicationSid ?? carrier?.applicationSid;
  const application = applicationSid === undefined ? undefined : directory.get('application', applicationSid);
  return application === undefined ? undefined : { application, number: call.number, trunk: carrier?.name ?? '' };
}

/** A Teams user's call goes to the application of the number dialled, else to that of the tenant. */
function forTeams(
  { directory }: Services,
  call: { accountSid: string; tenantSid: string; number: string },
): Destination | undefined {
  const entry = directory.phoneNumber(call.accountSid, call.number);
  const applicationSid = entry?.applicationSid ?? directory.get('teamsTenant', call.tenantSid)?.applicationSid;
  const application = applicationSid === undefined ? undefined : directory.get('application', applicationSid);
  return application === undefined ? undefined : { application, number: call.number, trunk: 'teams' };
}

/** A registered user's call goes to the account's device application; without one, users may call each other. */
function forUser(
  services: Services,
  call: { accountSid: string; number: string; host: string },
): Destination | undefined {
  const { directory } = services;
  const account = directory.get('account', call.accountSid);
  if (account === undefined) return undefined;
  const sid = account.deviceCallingApplicationSid;
  const application = sid === undefined ? undefined : directory.get('application', sid);
  if (application !== undefined) return { application, number: call.number, trunk: 'user' };
  return userToUser(services, account, call.number);
}

function userToUser(services: Services, account: Account, name: string): Destination | undefined {
  const realm = account.sipRealm ?? services.settings.domain;
  const callee = services.directory.client(realm, name);
  const known = callee !== undefined && callee.allowDirectUserCalling && callee.accountSid === account.sid;
  if (!known && services.directory.softphones(account.sid, name.toLowerCase()).length === 0) return undefined;
  const target = [{ type: 'user', name: `${name}@${realm}` }];
  return {
    application: undefined,
    number: name,
    trunk: 'user',
    verbs: [{ verb: 'dial', answerOnBridge: true, target }],
  };
}
