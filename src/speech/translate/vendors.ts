/** Vendors of translation, by the name applications use: each one POST of JSON, by its documented protocol. */
import type { Credential } from '../credentials.ts';
import { json, needed, setting } from '../reach.ts';
import { VendorFault } from '../vendor.ts';

export type TranslationDialect = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** The translated text in the vendor's answer. */
  readonly read: (answer: Readonly<Record<string, unknown>>) => unknown;
};
export type Wish = { readonly text: string; readonly from: string | undefined; readonly to: string };
export type TranslationMaker = (credential: Credential, wish: Wish) => TranslationDialect;

/** `en-US` → `en`. */
const short = (language: string): string => language.split('-')[0]!.toLowerCase();
const base = (credential: Credential, otherwise: string): string =>
  (setting(credential, 'base_url') ?? otherwise).replace(/\/+$/, '');

/** POST /translate of LibreTranslate, which people host themselves. */
const libreTranslate: TranslationMaker = (credential, { text, from, to }) => ({
  url: `${needed(credential, 'base_url').replace(/\/+$/, '')}/translate`,
  headers: {},
  body: {
    q: text,
    source: from === undefined ? 'auto' : short(from),
    target: short(to),
    format: 'text',
    api_key: setting(credential, 'api_key'),
  },
  read: (answer) => answer['translatedText'],
});

/** POST /v2/translate. */
const deepL: TranslationMaker = (credential, { text, from, to }) => ({
  url: `${base(credential, 'https://api.deepl.com')}/v2/translate`,
  headers: { authorization: `DeepL-Auth-Key ${needed(credential, 'api_key', 'auth_token')}` },
  body: {
    text: [text],
    target_lang: to.toUpperCase(),
    source_lang: from === undefined ? undefined : short(from).toUpperCase(),
  },
  read: ({ translations }) => first(translations)?.['text'],
});

/** Cloud Translation, Basic (v2). */
const google: TranslationMaker = (credential, { text, from, to }) => ({
  url: `${base(credential, 'https://translation.googleapis.com')}/language/translate/v2`,
  headers: { 'x-goog-api-key': needed(credential, 'api_key') },
  body: { q: text, target: to, source: from === undefined ? undefined : short(from), format: 'text' },
  read: ({ data }) => first((data as Record<string, unknown> | undefined)?.['translations'])?.['translatedText'],
});

/** A translator of one's own: POST {text, from, to}, {"translation"} back. */
const custom: TranslationMaker = (credential, { text, from, to }) => {
  const key = setting(credential, 'auth_token', 'api_key');
  return {
    url: needed(credential, 'custom_translate_url'),
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    body: { text, from, to },
    read: ({ translation }) => translation,
  };
};

export const translationMakers: Readonly<Record<string, TranslationMaker>> = {
  custom,
  deepl: deepL,
  google,
  libretranslate: libreTranslate,
};

/** The text in a vendor's answer. Throws a VendorFault where there is none. */
export function translated(vendor: string, { read }: TranslationDialect, body: Buffer): string {
  const text = read(json(vendor, body));
  if (typeof text !== 'string') throw new VendorFault('garbage', `${vendor} sent no translation`);
  return text.slice(0, 20_000);
}

function first(list: unknown): Readonly<Record<string, unknown>> | undefined {
  const each: unknown = Array.isArray(list) ? list[0] : undefined;
  return typeof each === 'object' && each !== null ? (each as Record<string, unknown>) : undefined;
}
