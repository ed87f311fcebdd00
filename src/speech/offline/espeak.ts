/** espeak-ng (Debian), where it is installed: a hundred languages, without key or network. A program of its own for each
 * text, which is handed over on its standard input. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { messageOf } from '../../base/index.ts';
import type { VoiceChoice } from '../../ports/index.ts';
import { isSsml } from '../text.ts';
import { VendorFault, type Voice } from '../vendor.ts';
import { type Pcm, readSpeechWav } from '../wav.ts';

const PLACES = ['/usr/bin/espeak-ng', '/usr/local/bin/espeak-ng', '/opt/homebrew/bin/espeak-ng'];
const MOST_RUNNING = 4;
const MOST_WAITING = 64;
/** Seven minutes of its 22,050 Hz. */
const MOST_BYTES = 20 * 1024 * 1024;

export function findEspeak(): string | undefined {
  return PLACES.find((place) => existsSync(place));
}

export class Espeak implements Voice {
  readonly name = 'espeak-ng';
  readonly #program: string;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(program: string) {
    this.#program = program;
  }

  async synthesise(text: string, choice: VoiceChoice, signal: AbortSignal): Promise<Pcm> {
    await this.#turn();
    try {
      if (signal.aborted) throw new VendorFault('stopped', 'stopped');
      const wav = await this.#run(
        ['--stdout', '--stdin', '-b', '1', '-v', voiceOf(choice), ...(isSsml(text) ? ['-m'] : [])],
        text,
        signal,
      );
      return readSpeechWav(wav);
    } catch (fault) {
      throw fault instanceof VendorFault ? fault : new VendorFault('garbage', `espeak-ng: ${messageOf(fault)}`);
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    if (this.#waiting.length >= MOST_WAITING)
      throw new VendorFault('refused', `espeak-ng has ${MOST_WAITING} texts waiting already`);
    if (this.#running >= MOST_RUNNING) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
  }

  #run(args: readonly string[], text: string, signal: AbortSignal): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.#program, args, {
        stdio: ['pipe', 'pipe', 'pipe'],
        signal,
        killSignal: 'SIGKILL',
        env: {},
      });
      const sound: Buffer[] = [];
      let bytes = 0;
      let said = '';
      child.on('error', reject);
      child.stdin.on('error', () => {});
      child.stdout.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes > MOST_BYTES) child.kill('SIGKILL');
        else sound.push(part);
      });
      child.stderr.on('data', (part: Buffer) => (said = (said + part.toString()).slice(0, 200)));
      child.on('close', (code) => {
        if (code === 0 && bytes > 44) resolve(Buffer.concat(sound));
        else
          reject(new VendorFault('unusable', `espeak-ng cannot speak this: ${said.trim() || `it ended with ${code}`}`));
      });
      child.stdin.end(text);
    });
  }
}

/** Its own names (`de`, `en-us+f3`) or a language tag. What could be an option or a path is none of them. */
function voiceOf({ voice, language, gender }: VoiceChoice): string {
  const named = voice?.toLowerCase();
  if (named !== undefined && /^[a-z]{2,3}(-[a-z0-9]{1,8}){0,3}(\+[a-z0-9]{1,16})?$/.test(named)) return named;
  const tag = (language ?? 'en-us').toLowerCase();
  const known = /^[a-z]{2,3}(-[a-z0-9]{1,8}){0,3}$/.test(tag) ? tag : 'en-us';
  // Regions it does not know are spoken as the language: de-DE is de.
  const spoken = /^(en-(us|gb)|pt-br|es-419|fr-(be|ch)|zh-.*|vi-.*)$/.test(known) ? known : known.split('-')[0]!;
  return gender?.toLowerCase() === 'female' ? `${spoken}+f3` : spoken;
}
