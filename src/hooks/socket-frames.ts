/** Reads what an application sends over its WebSocket. reference.md 3.3. */
import { printable } from '../base/index.ts';
import type { AppCommand } from '../ports/index.ts';
import { tooDeep } from './answer.ts';

export type Frame =
  | {
      readonly type: 'ack';
      readonly msgid: string | undefined;
      readonly seq: number | undefined;
      readonly data: unknown;
    }
  | ({ readonly type: 'command' } & AppCommand)
  | { readonly type: 'bad'; readonly why: string };

const longestWord = 128;
const bad = (why: string): Frame => ({ type: 'bad', why });

export function readFrame(text: string): Frame {
  if (tooDeep(text)) return bad('nested too deep');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return bad('not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return bad('expected an object');
  const fields = value as Record<string, unknown>;
  switch (fields['type']) {
    case 'ack':
      return readAck(fields);
    case 'command':
      return readCommand(fields);
    default:
      return bad(`type: expected ack or command, got ${shown(fields['type'])}`);
  }
}

function readAck({ msgid, seq, data }: Record<string, unknown>): Frame {
  if (isWord(msgid)) return { type: 'ack', msgid, seq: undefined, data };
  if (msgid === undefined && typeof seq === 'number' && Number.isSafeInteger(seq))
    return { type: 'ack', msgid: undefined, seq, data };
  return bad(`msgid: expected the msgid of a message, got ${shown(msgid)}`);
}

function readCommand(fields: Record<string, unknown>): Frame {
  const { command, data, queueCommand, idempotencyKey: key } = fields;
  const callSid = fields['callSid'] ?? fields['call_sid'];
  if (!isWord(command)) return bad(`command: expected the name of a command, got ${shown(command)}`);
  if (callSid !== undefined && callSid !== null && !isWord(callSid))
    return bad(`callSid: expected the sid of a call, got ${shown(callSid)}`);
  if (queueCommand !== undefined && typeof queueCommand !== 'boolean')
    return bad(`queueCommand: expected true or false, got ${shown(queueCommand)}`);
  if (key !== undefined && key !== null && !isWord(key))
    return bad(`idempotencyKey: expected 1 to ${longestWord} characters, got ${shown(key)}`);
  return {
    type: 'command',
    command,
    data,
    callSid: callSid ?? undefined,
    queue: queueCommand === true,
    key: key ?? undefined,
  };
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longestWord;
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : printable(JSON.stringify(value) ?? typeof value, 60);
}
