/** Who speaks and who listens for a verb: the verb's own words, then what `config` set, then the application's defaults.
 * What nobody says is left open: the speech service chooses. reference.md 5, 4.4. */
import type { Session } from '../call/index.ts';
import type { HearingChoice, VoiceChoice, VoiceGate } from '../ports/index.ts';

type Fields = Readonly<Record<string, unknown>>;

/** First and fallback voice of a `synthesizer` object. */
export function voicesFor(session: Session, own: Fields = {}): { voice: VoiceChoice; fallback?: VoiceChoice } {
  const set = layered(own, session.speech.synthesizer ?? {}, defaults(session, 'speech_synthesis_'));
  const fallback = voice(named(set, 'fallback'));
  const other = isChosen(fallback) ? fallback : voice(defaults(session, 'fallback_speech_synthesis_'));
  return { voice: voice(set), ...(isChosen(other) ? { fallback: other } : {}) };
}

type Ears = { readonly hearing: HearingChoice; readonly fallback?: HearingChoice; readonly gate?: VoiceGate };

/** First and fallback ear of a `recognizer` object, and when they are listened with. */
export function hearingFor(session: Session, own: Fields = {}): Ears {
  const set = layered(own, session.speech.recognizer ?? {}, defaults(session, 'speech_recognizer_'));
  const fallback = hearing({ ...common(set), ...named(set, 'fallback') });
  const other = isChosen(named(set, 'fallback'))
    ? fallback
    : hearing({ ...common(set), ...defaults(session, 'fallback_speech_recognizer_') });
  const gate = gateOf((set['vad'] ?? session.speech.vad ?? {}) as Fields);
  const more = { ...(isChosen(other) ? { fallback: other } : {}), ...(gate === undefined ? {} : { gate }) };
  return { hearing: hearing(set), ...more };
}

/** `mode` 0 to 3 and `threshold` 0 to 1 are how sure a detector must be; ours counts dB. */
function gateOf(vad: Fields): VoiceGate | undefined {
  if (vad['enable'] !== true) return undefined;
  const { mode, threshold } = vad;
  const sure = typeof threshold === 'number' ? 4 + 8 * threshold : typeof mode === 'number' ? 6 + 2 * mode : 8;
  return {
    voiceMs: within(vad['voiceMs'], { usual: 120, least: 20, most: 2000 }),
    silenceMs: within(vad['silenceMs'], { usual: 1000, least: 200, most: 10_000 }),
    padMs: within(vad['speechPadMs'], { usual: 300, least: 0, most: 2000 }),
    aboveDb: sure,
    strategy: vad['strategy'] === 'one-shot' ? 'one-shot' : 'continuous',
  };
}

function within(raw: unknown, { usual, least, most }: Readonly<Record<'usual' | 'least' | 'most', number>>): number {
  return typeof raw === 'number' ? Math.min(most, Math.max(least, raw)) : usual;
}

/** What is wanted of whoever hears. */
function common({ interim, punctuation, hints }: Fields): Fields {
  return { interim, punctuation, hints };
}

function hearing(fields: Fields): HearingChoice {
  const [vendor, label, language] = [vendorOf(fields), text(fields['label']), text(fields['language'])];
  const [model, hints] = [text(fields['model']), hintsOf(fields['hints'])];
  const options = vendor === undefined ? undefined : fields[`${vendor.replace(/^custom:.*/, 'custom')}Options`];
  return {
    ...(vendor === undefined ? {} : { vendor }),
    ...(label === undefined ? {} : { label }),
    ...(language === undefined ? {} : { language }),
    ...(model === undefined ? {} : { model }),
    ...(hints.length === 0 ? {} : { hints }),
    interim: fields['interim'] === true,
    punctuation: fields['punctuation'] !== false,
    ...(typeof options === 'object' && options !== null ? { options: options as Fields } : {}),
  };
}

/** Words, or words with a weight of their own. At most 500. */
function hintsOf(raw: unknown): string[] {
  if (!Array.isArray(raw)) return [];
  return raw
    .slice(0, 500)
    .flatMap((hint: unknown) => text(typeof hint === 'string' ? hint : (hint as Fields | null)?.['phrase']) ?? []);
}

/** Layers, the first winning. A layer that names another vendor keeps its language and voice to itself: one vendor's
 * voice says nothing to another. */
function layered(...layers: readonly Fields[]): Fields {
  let set: Fields = {};
  for (const layer of layers) {
    const [ours, theirs] = [vendorOf(set), vendorOf(layer)];
    if (ours !== undefined && theirs !== undefined && ours !== theirs) continue;
    set = { ...layer, ...set };
  }
  return set;
}

/** `default` is no vendor: it means what is below. */
function vendorOf(fields: Fields): string | undefined {
  const vendor = text(fields['vendor']);
  return vendor === 'default' ? undefined : vendor;
}

/** An application's flat speech fields as one object: speech_synthesis_voice is `voice`. */
function defaults(session: Session, prefix: string): Fields {
  const all = Object.entries(session.application?.speech ?? {});
  return Object.fromEntries(
    all.filter(([name]) => name.startsWith(prefix)).map(([name, value]) => [name.slice(prefix.length), value]),
  );
}

/** fallbackVendor, fallbackLanguage … as vendor, language … */
function named(fields: Fields, prefix: string): Fields {
  const entries = Object.entries(fields).filter(([name]) => name.startsWith(prefix) && name.length > prefix.length);
  return Object.fromEntries(entries.map(([name, value]) => [lowerFirst(name.slice(prefix.length)), value]));
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

function isChosen(choice: { readonly vendor?: unknown }): boolean {
  return choice.vendor !== undefined && choice.vendor !== '';
}

function voice(fields: Fields): VoiceChoice {
  const [vendor, label, language] = [vendorOf(fields), text(fields['label']), text(fields['language'])];
  const [name, gender, engine] = [text(fields['voice']), text(fields['gender']), text(fields['engine'])];
  const options = fields['options'];
  return {
    ...(vendor === undefined ? {} : { vendor }),
    ...(label === undefined ? {} : { label }),
    ...(language === undefined ? {} : { language }),
    ...(name === undefined ? {} : { voice: name }),
    ...(gender === undefined ? {} : { gender }),
    ...(engine === undefined ? {} : { engine }),
    ...(typeof options === 'object' && options !== null ? { options: options as Fields } : {}),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, 200) : undefined;
}
