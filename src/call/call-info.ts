/** What hooks are told of a leg: the common body of reference.md 3.1, snake_case. */
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

/** What the first hook of an inbound call adds. */
export function sessionNew(
  leg: InboundLeg,
  envVars: Readonly<Record<string, string>> | undefined,
): Record<string, unknown> {
  const { request, source } = leg.invitation;
  const headers: Record<string, string> = {};
  for (const [name, value] of request.headers.entries()) {
    const key = lowerName(name);
    // Digest credentials are nobody's business but ours.
    if (key === 'authorization' || key === 'proxy-authorization') continue;
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
  }
  return {
    ...callInfo(leg),
    caller_name: leg.identity.callerName,
    defaults: { synthesizer: {}, recognizer: {} },
    ...(envVars === undefined ? {} : { env_vars: envVars }),
    sip: {
      headers,
      method: request.method,
      uri: request.uri,
      calledNumber: leg.identity.to,
      callingNumber: leg.identity.from,
      source_address: source.address,
      source_port: source.port,
      protocol: source.transport,
      body: hideKeys(request.body.toString('utf8')),
    },
  };
}
