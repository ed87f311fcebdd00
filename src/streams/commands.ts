/** What a listener says in text frames, reference.md 4.5: read, checked, bounded. Pure. */
import { limits } from './limits.ts';

export type AppCommand =
  | {
      readonly type: 'playAudio';
      readonly audio: Buffer;
      readonly content: 'raw' | 'wav';
      /** Of raw sound, Hz. */
      readonly sampleRate: number;
      /** Comes back in playDone, as it was given. */
      readonly id: string | number | undefined;
      readonly queue: boolean;
    }
  | { readonly type: 'killAudio' | 'disconnect' | 'clearMarks' }
  | { readonly type: 'mark'; readonly name: string };
export type BadCommand = { readonly type: 'bad'; readonly why: string };

const bad = (why: string): BadCommand => ({ type: 'bad', why });

export function readCommand(text: string): AppCommand | BadCommand {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return bad('a text frame that is not JSON');
  }
  if (!isObject(parsed)) return bad('JSON that is not an object');
  const data = isObject(parsed['data']) ? parsed['data'] : {};
  switch (parsed['type']) {
    case 'playAudio':
      return playAudio(data);
    case 'killAudio':
    case 'disconnect':
    case 'clearMarks':
      return { type: parsed['type'] };
    case 'mark':
      return mark(data, parsed);
    default:
      return bad('a command of an unknown type');
  }
}

function playAudio(data: Readonly<Record<string, unknown>>): AppCommand | BadCommand {
  const { audioContent, audioContentType, id, queuePlay } = data;
  if (typeof audioContent !== 'string' || audioContent === '') return bad('playAudio without audioContent');
  const content = audioContentType ?? 'raw';
  if (content !== 'raw' && content !== 'wav') return bad('playAudio whose audioContentType is not raw or wav');
  const sampleRate = Number(data['sampleRate'] ?? 8000);
  if (content === 'raw' && (!Number.isInteger(sampleRate) || sampleRate < 8000 || sampleRate > 64_000))
    return bad('playAudio whose sampleRate is not between 8000 and 64000');
  // Node skips what is not base64, so nonsense becomes little or nothing.
  const audio = Buffer.from(audioContent, 'base64');
  if (audio.length < 2) return bad('playAudio whose audioContent is not base64');
  return { type: 'playAudio', audio, content, sampleRate, id: idOf(id), queue: queuePlay === true };
}

function mark(
  data: Readonly<Record<string, unknown>>,
  whole: Readonly<Record<string, unknown>>,
): AppCommand | BadCommand {
  const name = data['name'] ?? whole['name'];
  if (typeof name !== 'string' || name === '') return bad('mark without a name');
  if (name.length > limits.markNameLength) return bad(`mark whose name is longer than ${limits.markNameLength}`);
  return { type: 'mark', name };
}

function idOf(id: unknown): string | number | undefined {
  if (typeof id === 'number') return id;
  return typeof id === 'string' ? id.slice(0, limits.markNameLength) : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
