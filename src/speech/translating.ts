/** Text to text in another language, by a vendor: what goes wrong raises the alert and comes back as data. */
import type {
  Alerts,
  Translation,
  TranslationChoice,
  TranslationRequest,
  Translator,
  SpeechOwner,
} from '../ports/index.ts';
import { messageOf } from '../base/index.ts';
import type { Credential, Credentials } from './credentials.ts';
import type { Reach } from './reach.ts';
import { translated, translationMakers, type TranslationMaker } from './translate/vendors.ts';
import { VendorFault } from './vendor.ts';
import { wantedVendor } from './voices.ts';

type Parts = {
  readonly alerts: Alerts;
  readonly credentials: Credentials;
  readonly reach: Reach;
  readonly timeoutMs: number;
};
type Found = { readonly credential: Credential; readonly make: TranslationMaker };

/** No sentence is longer. */
const MOST_TEXT = 5000;

export class Translating implements Translator {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  canTranslate(owner: SpeechOwner, choice: TranslationChoice): boolean {
    try {
      this.#find(owner.accountSid, choice);
      return true;
    } catch (fault) {
      this.#alarm(owner, fault);
      return false;
    }
  }

  async translate(request: TranslationRequest): Promise<Translation> {
    const { reach, timeoutMs } = this.#parts;
    const { text, from, to, choice } = request;
    try {
      const { credential, make } = this.#find(request.accountSid, choice);
      const dialect = make(credential, { text: text.slice(0, MOST_TEXT), from, to });
      const { body } = await reach.post(credential, {
        url: dialect.url,
        headers: { 'content-type': 'application/json', ...dialect.headers },
        body: JSON.stringify(dialect.body),
        timeoutMs,
        signal: AbortSignal.timeout(timeoutMs),
      });
      return { ok: true, text: translated(credential.vendor, dialect, body), vendor: credential.vendor };
    } catch (fault) {
      if (request.quiet !== true) this.#alarm(request, fault);
      return { ok: false, message: messageOf(fault) };
    }
  }

  #find(accountSid: string, { vendor: wanted, label }: TranslationChoice): Found {
    const { credentials } = this.#parts;
    const vendor = wantedVendor(wanted) ?? credentials.preferred('translate');
    if (vendor === undefined)
      throw new VendorFault(
        'unusable',
        'translation: no vendor is configured: name one as recognizer.translation.vendor, or as speech.translate.default of the configuration',
      );
    const make = translationMakers[vendor.startsWith('custom:') ? 'custom' : vendor];
    if (make === undefined)
      throw new VendorFault(
        'unusable',
        `the translation vendor '${vendor}' is not known; known are ${Object.keys(translationMakers).join(', ')}`,
      );
    const credential = credentials.find('translate', { accountSid, vendor, label });
    if (credential === undefined) throw new VendorFault('unusable', `no ${vendor} credential for translation`);
    return { credential, make };
  }

  #alarm({ accountSid, callSid }: SpeechOwner, fault: unknown): void {
    const type = fault instanceof VendorFault && fault.kind === 'unusable' ? 'no-stt' : 'stt-failure';
    this.#parts.alerts.raise({ accountSid, callSid, type, message: messageOf(fault), detail: 'translation' });
  }
}
