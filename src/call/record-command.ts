/** The command `record` of REST and WebSocket applications. reference.md 4.2. */
import type { ControlResult } from '../ports/index.ts';
import type { Leg } from './leg.ts';
import type { Session } from './session.ts';

type Fields = Readonly<Record<string, unknown>>;
type Action = (session: Session, fields: Fields) => boolean;

const actions: Readonly<Record<string, { readonly act: Action; readonly otherwise: string }>> = {
  startCallRecording: {
    act: ({ recording }, { recordingID }) => recording.start('command', String(recordingID ?? '')),
    otherwise: 'the call is being recorded already',
  },
  stopCallRecording: { act: ({ recording }) => recording.stop(), otherwise: 'the call is not being recorded' },
  pauseCallRecording: {
    act: ({ recording }, { silence }) => recording.pause(silence !== false),
    otherwise: 'the call is not being recorded, or is paused already',
  },
  resumeCallRecording: { act: ({ recording }) => recording.resume(), otherwise: 'the recording is not paused' },
};

export function steerRecording(session: Session, leg: Leg, body: Fields): ControlResult {
  const fields = body['record'] as Fields;
  const action = actions[String(fields['action'])];
  if (action === undefined || !Object.hasOwn(actions, String(fields['action'])))
    return { ok: false, status: 400, message: `record.action is one of ${Object.keys(actions).join(', ')}` };
  const id = fields['recordingID'];
  if (id !== undefined && (typeof id !== 'string' || id.length > 200))
    return { ok: false, status: 400, message: 'record.recordingID is a text of at most 200 characters' };
  if (fields['type'] === 'siprec' || fields['siprecServerURL'] !== undefined)
    return { ok: false, status: 422, message: 'record.siprecServerURL: SIPREC cannot be done in this version' };
  if (leg.state !== 'in-progress')
    return { ok: false, status: 422, message: `the call is ${leg.status}; record needs an answered call` };
  return action.act(session, fields)
    ? { ok: true, status: 202 }
    : { ok: false, status: 422, message: action.otherwise };
}
