/** A call detail record and an alert in REST's words. Times are ISO 8601. */
import type { Alert, Cdr } from '../ports/index.ts';

function iso(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

export function cdrFields(cdr: Cdr): Record<string, unknown> {
  return {
    account_sid: cdr.accountSid,
    call_sid: cdr.callSid,
    application_sid: cdr.applicationSid ?? null,
    parent_call_sid: cdr.parentCallSid ?? null,
    from: cdr.from,
    to: cdr.to,
    answered: cdr.answered,
    sip_callid: cdr.sipCallId,
    sip_parent_callid: cdr.sipParentCallId ?? null,
    sip_status: cdr.sipStatus,
    duration: cdr.duration,
    attempted_at: iso(cdr.attemptedAt),
    answered_at: iso(cdr.answeredAt),
    terminated_at: iso(cdr.terminatedAt),
    termination_reason: cdr.terminationReason,
    terminated_by: cdr.terminatedBy,
    host: cdr.host,
    remote_host: cdr.remoteHost,
    direction: cdr.direction,
    trunk: cdr.trunk,
    trace_id: cdr.traceId,
    recording_url: cdr.recordingUrl ?? null,
    mos: cdr.mos ?? null,
    packets_lost_percent: cdr.packetsLostPercent ?? null,
    jitter_ms: cdr.jitterMs ?? null,
    round_trip_ms: cdr.roundTripMs ?? null,
  };
}

export function alertFields(alert: Alert): Record<string, unknown> {
  return {
    sid: alert.sid,
    time: iso(alert.time),
    account_sid: alert.accountSid === '' ? null : alert.accountSid,
    alert_type: alert.type,
    message: alert.message,
    detail: alert.detail ?? null,
    url: alert.url ?? null,
    status: alert.status ?? null,
    target_sid: alert.callSid ?? null,
  };
}
