/** One CDR a leg, when it is over and its last media figures are in. */
import path from 'node:path';
import type { Quality } from '../ports/index.ts';
import type { Leg } from './leg.ts';

export async function writeCdr(leg: Leg): Promise<void> {
  const { unwritten } = leg.services.registry;
  unwritten.set(leg.callSid, leg);
  try {
    write(leg, await leg.media?.release());
  } finally {
    unwritten.delete(leg.callSid);
  }
}

function write(leg: Leg, quality: Quality | undefined): void {
  const { identity, services, end } = leg;
  if (end === undefined) return;
  // Without a packet either way there is nothing to tell.
  if (quality !== undefined && quality.packetsReceived + quality.packetsSent > 0)
    leg.note('media.quality', { ...quality });
  services.store.appendCdr({
    callSid: identity.callSid,
    accountSid: identity.accountSid,
    applicationSid: identity.applicationSid,
    parentCallSid: identity.parentCallSid,
    direction: identity.direction,
    from: identity.from,
    to: identity.to,
    answered: leg.answeredAt !== undefined,
    sipCallId: leg.sipCallId,
    sipParentCallId: parentSipCallId(leg),
    sipStatus: end.sipStatus,
    duration: leg.duration,
    attemptedAt: leg.startedAt,
    answeredAt: leg.answeredAt,
    terminatedAt: leg.endedAt ?? services.clock.now(),
    terminationReason: end.cause.reason,
    terminatedBy: end.cause.by,
    trunk: leg.trunk,
    host: services.settings.node,
    remoteHost: leg.remoteHost,
    traceId: identity.traceId,
    recordingUrl: recordingUrl(leg),
    mos: quality?.mos,
    packetsLostPercent: quality?.packetsLostPercent,
    jitterMs: quality?.jitterMs,
    roundTripMs: quality?.roundTripMs,
  });
}

function parentSipCallId(leg: Leg): string | undefined {
  const parent = leg.identity.parentCallSid;
  return parent === undefined ? undefined : leg.services.registry.sessionOf(leg)?.caller.sipCallId;
}

/** Where REST serves it (api/recordings.ts). */
function recordingUrl({ recordingPath, identity, services }: Leg): string | undefined {
  if (recordingPath === undefined) return undefined;
  const call = `${services.settings.apiBaseUrl}/Accounts/${identity.accountSid}/RecentCalls/${identity.callSid}`;
  return `${call}/record/${path.basename(recordingPath)}`;
}
