import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TraceChannel } from '../base/index.ts';
import { createMetrics } from './metrics.ts';

const leg = { status: 'in-progress', identity: { direction: 'inbound' } };
const registry = { size: { legs: 1, sessions: 1 }, legs: () => [leg] };
const stats = { endpoints: 2, portsInUse: 4, portsResting: 2, portsFree: 94, packetsRelayed: 500, engine: 'embedded' };
const media = { stats: () => Promise.resolve(stats) };

test('one call, told by the trace, becomes figures with units in their names', async () => {
  const trace = new TraceChannel();
  const metrics = createMetrics({ trace, registry, media });
  const note = (at: number, what: string, detail = {}, callSid = 'a') =>
    trace.publish({ kind: 'call', at, callSid, sessionSid: 'a', what, detail, direction: 'inbound' });
  const sip = (direction: 'in' | 'out', title: string) => {
    const end = { address: '127.0.0.1', port: 5060 };
    trace.publish({
      kind: 'sip',
      direction,
      at: 0,
      transport: 'udp',
      local: end,
      remote: end,
      bytes: Buffer.alloc(0),
      callId: 'x',
      title,
    });
  };
  sip('in', 'INVITE');
  sip('out', '100 Trying');
  sip('in', 'X-FROM-A-STRANGER');
  note(1000, 'session.started');
  trace.publish({
    kind: 'hook',
    at: 1010,
    callSid: 'a',
    url: '',
    method: 'POST',
    type: 'session:new',
    status: 200,
    durationMs: 8,
    attempt: 1,
    request: {},
    response: [],
    error: undefined,
  });
  trace.publish({ kind: 'link', at: 1012, callId: 'b', callSid: 'b', sessionSid: 'a' });
  note(1100, 'leg.ringing', {}, 'b');
  note(3000, 'leg.in-progress');
  note(9000, 'media.quality', {
    mos: 4.3,
    mosInputs: { codec: 'PCMU' },
    jitterMs: 2,
    packetsLostPercent: 1,
    packetsReceived: 300,
    packetsSent: 310,
    packetsLost: 3,
    packetsRefused: 1,
    packetsForged: 7,
    packetsReplayed: 2,
  });
  note(9000, 'leg.completed');
  trace.publish({ kind: 'end', at: 9000, sessionSid: 'a' });
  metrics.alert('no-carrier');
  metrics.follow({ guard: { stats: () => ({ sources: 3, banned: 1, bans: 2, droppedBanned: 7, droppedRate: 5 }) } });
  metrics.follow({ streams: () => ({ open: { tls: 2 }, faulty: { udp: 0, wss: 4 }, refused: 6 }) });
  const { body, contentType } = await metrics.text();
  assert.match(contentType, /^text\/plain/);
  for (const line of [
    'graine_sip_requests_total{direction="in",method="INVITE"} 1',
    'graine_sip_requests_total{direction="in",method="other"} 1',
    'graine_sip_responses_total{direction="out",status="100"} 1',
    'graine_calls_total{direction="inbound",status="completed"} 1',
    'graine_call_setup_seconds_sum{stage="invite out"} 0.012',
    'graine_call_setup_seconds_sum{stage="ringing"} 0.1',
    'graine_call_setup_seconds_sum{stage="answer"} 2',
    'graine_call_talk_seconds_sum 6',
    'graine_hook_duration_seconds_sum{type="session:new",outcome="2xx"} 0.008',
    'graine_rtp_mos_sum{codec="PCMU"} 4.3',
    'graine_rtp_jitter_seconds_sum 0.002',
    'graine_rtp_loss_ratio_sum 0.01',
    'graine_rtp_packets_total{direction="in"} 300',
    'graine_rtp_packets_relayed_total 500',
    'graine_srtp_packets_refused_total{why="forged"} 7',
    'graine_srtp_packets_refused_total{why="replayed"} 2',
    'graine_media_ports{state="in use"} 4',
    'graine_sources_banned 1',
    'graine_sip_packets_dropped_total{why="banned"} 7',
    'graine_sip_connections{transport="tls"} 2',
    'graine_sip_connection_faults_total{transport="wss"} 4',
    'graine_sip_connections_refused_total 6',
    'graine_alerts_total{type="no-carrier"} 1',
    'graine_legs{direction="inbound",status="in-progress"} 1',
  ]) {
    assert.ok(body.includes(`${line}\n`), `${line} is not in\n${body}`);
  }
  assert.match(body, /graine_event_loop_delay_seconds|process_cpu_seconds_total/);
  assert.doesNotMatch(body, /STRANGER/, 'names from the network never become labels');
  const again = await metrics.text();
  assert.ok(
    again.body.includes('graine_sip_requests_total{direction="in",method="INVITE"} 1\n'),
    'a scrape counts nothing twice',
  );
  metrics.close();
});
