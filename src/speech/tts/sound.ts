/** What vendors send for a voice: WAV, or bare 16-bit PCM whose rate the content type or the request says. */
import { messageOf } from '../../base/index.ts';
import type { Answer } from '../reach.ts';
import { VendorFault } from '../vendor.ts';
import { type Pcm, readSpeechWav, samplesOf } from '../wav.ts';

/** `rate`: of bare PCM where its content type is silent about it, Hz. */
export function soundOf(vendor: string, { contentType, body }: Answer, rate: number): Pcm {
  if (body.toString('latin1', 0, 4) === 'RIFF') {
    try {
      return readSpeechWav(body);
    } catch (fault) {
      throw new VendorFault('garbage', `${vendor} sent a WAV that cannot be used: ${messageOf(fault)}`);
    }
  }
  const unusable = /json|text|html|xml/.test(contentType) || compressed(contentType, body);
  if (unusable || body.length < 2)
    throw new VendorFault(
      'garbage',
      `${vendor} sent ${contentType || 'nothing'} of ${body.length} bytes; WAV or 16-bit PCM is needed`,
    );
  const told = Number(/rate=(\d{4,5})/.exec(contentType)?.[1] ?? rate);
  if (told < 8000 || told > 48_000) throw new VendorFault('garbage', `${vendor} sent sound at ${told} Hz`);
  return { pcm: samplesOf(body), rate: told };
}

/** MP3, Ogg, FLAC, by what is said or by how it begins. */
function compressed(contentType: string, body: Buffer): boolean {
  const begins = body.toString('latin1', 0, 4);
  const mp3 = begins.startsWith('ID3') || (body[0] === 0xff && ((body[1] ?? 0) & 0xe6) === 0xe2);
  return (
    /mpeg|mp3|ogg|opus|flac|webm/.test(contentType) ||
    begins === 'OggS' ||
    begins === 'fLaC' ||
    (contentType === '' && mp3)
  );
}
