/** Prints what happens while it happens: SIP as the phones see it, hooks as the application sees them. */
import type { Entry, Phone } from '../testing/index.ts';
import type { HookRequest } from './app.ts';
import type { Screen, Tint } from './screen.ts';
import type { Stage } from './stage.ts';

const server = 'graine';

export function followLive(stage: Stage, screen: Screen): void {
  for (const phone of [stage.caller, stage.carrier, stage.desk, stage.bob])
    phone.transcript.follow((entry) => drawSip(screen, phone, entry));
  stage.app.requests.follow((request) => drawHook(screen, request));
}

function drawSip(screen: Screen, phone: Phone, entry: Entry): void {
  const message = entry.message;
  if (message === undefined || entry.direction === 'note' || message.status === 100) return;
  const text = `${shortTitle(message.title)}${message.sdp === undefined ? '' : ' +SDP'}`;
  const [from, to] = entry.direction === 'out' ? [phone.name, server] : [server, phone.name];
  screen.arrow(entry.at, from, to, { text, tint: tintOf(message.status) });
  const reason = message.isRequest ? message.get('reason') : undefined;
  if (reason !== undefined) screen.note(entry.at, server, { text: `Reason: ${reason}`, tint: 'plain' });
}

function drawHook(screen: Screen, { at, path, body }: HookRequest): void {
  const who = body['parent_call_sid'] === undefined ? 'caller' : String(body['to']).replace(/^sip:|@.*$/g, '');
  if (path === '/call') {
    screen.note(at, server, { text: '◆ POST /call    the app answers: dial phone + sip + user', tint: 'hook' });
  } else if (path === '/status') {
    const text = `◇ POST /status  ${who}: ${String(body['call_status'])} ${String(body['sip_status'])}`;
    screen.note(at, server, { text, tint: 'hook' });
  } else {
    const told = `${String(body['dial_call_status'])} ${String(body['dial_sip_status'])}, ended by ${String(body['dial_terminated_by'])}`;
    screen.note(at, server, { text: `◆ POST ${path}  ${told}`, tint: 'hook' });
  }
}

function shortTitle(title: string): string {
  const [first = '', second = ''] = title.split(' ');
  return /^\d+$/.test(first) ? `${first} ${second}`.trim() : first;
}

function tintOf(status: number): Tint {
  if (status === 0) return 'request';
  if (status < 200) return 'progress';
  return status < 300 ? 'success' : 'refusal';
}
