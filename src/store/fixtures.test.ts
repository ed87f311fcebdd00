/** Entities and records for the tests of this folder. */
import type { Account, Alert, Application, Carrier, Cdr, Client, Gateway, PhoneNumber } from '../ports/index.ts';

/** A key for stores that have no folder for one. */
export const secrets = { keys: [Buffer.alloc(32, 7).toString('base64')] };

export function account(sid: string, extra: Partial<Account> = {}): Account {
  return { sid, name: `account ${sid}`, sipRealm: `${sid}.test`, webhookSecret: 'whsec', isActive: true, ...extra };
}

export function application(sid: string, accountSid: string, extra: Partial<Application> = {}): Application {
  return { sid, accountSid, name: `application ${sid}`, callHook: { url: 'http://127.0.0.1/call' }, ...extra };
}

export function carrier(sid: string, accountSid: string, extra: Partial<Carrier> = {}): Carrier {
  return {
    sid,
    accountSid,
    name: `carrier ${sid}`,
    isActive: true,
    e164LeadingPlus: false,
    techPrefix: '',
    dtmfType: 'rfc2833',
    priority: 1,
    weight: 1,
    trusted: false,
    ...extra,
  };
}

export function gateway(sid: string, of: Carrier, extra: Partial<Gateway> = {}): Gateway {
  return {
    sid,
    accountSid: of.accountSid,
    carrierSid: of.sid,
    host: '192.0.2.1',
    port: 5060,
    netmask: 32,
    protocol: 'udp',
    inbound: true,
    outbound: true,
    isActive: true,
    sendOptionsPing: false,
    srtp: 'none',
    priority: 1,
    weight: 1,
    ...extra,
  };
}

export function client(sid: string, accountSid: string, username: string): Client {
  return {
    sid,
    accountSid,
    username,
    password: 'secret',
    isActive: true,
    allowDirectAppCalling: true,
    allowDirectQueueCalling: true,
    allowDirectUserCalling: true,
  };
}

export function phoneNumber(sid: string, accountSid: string, number: string, carrierSid?: string): PhoneNumber {
  return { sid, accountSid, number, ...(carrierSid === undefined ? {} : { carrierSid }) };
}

export function cdr(callSid: string, extra: Partial<Cdr> = {}): Cdr {
  return {
    callSid,
    accountSid: 'A',
    applicationSid: undefined,
    parentCallSid: undefined,
    direction: 'inbound',
    from: '15551230001',
    to: '15551230002',
    answered: true,
    sipCallId: `${callSid}@test`,
    sipParentCallId: undefined,
    sipStatus: 200,
    duration: 12,
    attemptedAt: 1_800_000_000_000,
    answeredAt: 1_800_000_001_000,
    terminatedAt: 1_800_000_013_000,
    terminationReason: 'caller hung up',
    terminatedBy: 'caller',
    trunk: 'user',
    host: '127.0.0.1',
    remoteHost: '127.0.0.1',
    traceId: 'trace',
    recordingUrl: undefined,
    mos: 4.3,
    packetsLostPercent: 0.25,
    jitterMs: undefined,
    roundTripMs: undefined,
    ...extra,
  };
}

export function alert(sid: string, extra: Partial<Alert> = {}): Alert {
  return { sid, time: 1_800_000_000_000, accountSid: 'A', type: 'webhook-failure', message: 'status 500', ...extra };
}
