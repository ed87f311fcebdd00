/** What hooks are told of a leg: the common body of reference.md 3.1, snake_case. */
import { originOf } from '../sip/agent/index.ts';
import type { Application } from '../ports/index.ts';
import { hideKeys } from '../sdp/index.ts';
import { lowerName } from '../sip/message/index.ts';
import { terminationBy } from './end-cause.ts';
import { InboundLeg } from './inbound-leg.ts';
import type { Leg } from './leg.ts';

export type CallInfoBody = Record<string, unknown> & { call_sid: string; account_sid: string; call_status: string };

export function callInfo(leg: Leg): CallInfoBody {
  const { identity, services } = leg;
  const body: CallInfoBody = {
    call_sid: identity.callSid,
    direction: identity.direction,
    from: identity.from,
    to: identity.to,
    call_id: leg.sipCallId,
    sbc_callid: leg.sipCallId,
    sip_status: leg.sipStatus,
    sip_reason: leg.sipReason,
    call_status: leg.status,
    account_sid: identity.accountSid,
    trace_id: identity.traceId,
    fs_sip_address: services.settings.sipAddress,
    api_base_url: services.settings.apiBaseUrl,
  };
  if (identity.applicationSid !== undefined) body['application_sid'] = identity.applicationSid;
  if (identity.parentCallSid !== undefined) body['parent_call_sid'] = identity.parentCallSid;
  if (leg.replaces !== undefined) body['replaced_call_sid'] = leg.replaces;
  if (leg.callerId !== undefined) body['caller_id'] = leg.callerId;
  if (leg.tag !== undefined) body['customerData'] = leg.tag;
  if (identity.direction === 'inbound') {
    body['originating_sip_ip'] = leg.remoteHost;
    if (leg.trunk !== '' && leg.trunk !== 'user') body['originating_sip_trunk_name'] = leg.trunk;
  }
  if (leg.end !== undefined) {
    body['call_termination_by'] = terminationBy(leg.end.cause, identity.direction);
    if (leg.end.status === 'completed') {
      body['duration'] = leg.duration;
      if (leg.end.byeHeaders !== undefined) body['headers'] = leg.end.byeHeaders;
    }
  }
  return body;
}

/** What the first hook of every call has. */
export function firstOf(leg: Leg, application: Pick<Application, 'speech' | 'envVars'> | undefined): CallInfoBody {
  const { envVars, speech } = application ?? {};
  const body = callInfo(leg);
  body['caller_name'] = leg.identity.callerName;
  body['local_sip_address'] = leg.services.settings.sipAddress;
  body['defaults'] = {
    synthesizer: spoken(speech, 'speech_synthesis_', ['vendor', 'language', 'voice', 'label']),
    recognizer: spoken(speech, 'speech_recognizer_', ['vendor', 'language', 'label']),
  };
  if (envVars !== undefined) body['env_vars'] = envVars;
  return body;
}

/** What the first hook of an inbound call adds. */
export function sessionNew(leg: InboundLeg, application: Application | undefined): Record<string, unknown> {
  const { request } = leg.invitation;
  const source = originOf(leg.invitation.source);
  const headers: Record<string, string> = {};
  let raw = `${request.method} ${request.uri} SIP/2.0\r\n`;
  for (const [name, value] of request.headers.entries()) {
    const key = lowerName(name);
    // Digest credentials are nobody's business but ours.
    if (key === 'authorization' || key === 'proxy-authorization') continue;
    raw += `${name}: ${value}\r\n`;
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
  }
  const text = hideKeys(request.body.toString('utf8'));
  const body = firstOf(leg, application);
  body['sip'] = {
    headers,
    method: request.method,
    uri: request.uri,
    calledNumber: leg.identity.to,
    callingNumber: leg.identity.from,
    source_address: source.address,
    source_port: source.port,
    protocol: source.transport,
    body: text,
    raw: `${raw}\r\n${text}`,
  };
  return body;
}

/** The application's own voice or ears, as its verbs will have them where they name none. */
function spoken(speech: Application['speech'] = {}, prefix: string, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = speech[`${prefix}${name}`];
    if (value !== undefined && value !== '') found[name] = value;
  }
  return found;
}
