/** Who may use which vendor: an account's own credentials (REST) before the server's (configuration). */

import type { SpeechCredential, SpeechUse } from '../ports/index.ts';

/** What a vendor needs to know us. Its settings hold secrets: they never reach a log, a trace or an error. */
export type Credential = {
  /** Names it in cache keys; says nothing of its content. */
  readonly id: string;
  readonly vendor: string;
  /** secret. Names as in the REST API: api_key, region, … */
  readonly settings: Readonly<Record<string, unknown>>;
  /** From the operator's own file: its addresses may be private. */
  readonly trusted: boolean;
};

/** `speech.tts`, `speech.stt` and `speech.translate` of the configuration: `default` names a vendor, every other key is one. */
export type ConfiguredVendors = Readonly<Record<string, unknown>>;

type Wanted = { readonly accountSid: string; readonly vendor: string; readonly label: string | undefined };

export class Credentials {
  readonly #configured: Readonly<Record<SpeechUse, ConfiguredVendors>>;
  readonly #ofAccount: (accountSid: string) => readonly SpeechCredential[];

  constructor(
    configured: Readonly<Record<SpeechUse, ConfiguredVendors>>,
    ofAccount: (accountSid: string) => readonly SpeechCredential[],
  ) {
    this.#configured = configured;
    this.#ofAccount = ofAccount;
  }

  /** The server's default vendor, where it names one. */
  preferred(use: SpeechUse): string | undefined {
    const name = this.#configured[use]['default'];
    return typeof name === 'string' && name !== '' ? name.toLowerCase() : undefined;
  }

  find(use: SpeechUse, { accountSid, vendor, label }: Wanted): Credential | undefined {
    const own = this.#ofAccount(accountSid).find(
      (each) =>
        each.vendor.toLowerCase() === vendor &&
        (label === undefined || each.label === label) &&
        (use === 'translate' || (use === 'tts' ? each.useForTts : each.useForStt)),
    );
    if (own !== undefined) return { id: own.sid, vendor, settings: own.settings, trusted: false };
    const settings = this.#configured[use][vendor];
    if (label !== undefined || typeof settings !== 'object' || settings === null) return undefined;
    return { id: 'configuration', vendor, settings: settings as Record<string, unknown>, trusted: true };
  }
}
