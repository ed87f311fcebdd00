/** The log: pino's JSON lines for machines, or plain lines for people. Secrets are hidden, and nothing that came from the
 * network can forge a line or move a terminal's cursor (attacks.md A10, D7). */
import pino from 'pino';
import colors from 'picocolors';
import type { Log } from '../base/index.ts';
import { visible } from './escape.ts';
import { hidden, hideUrlSecrets, isSecretName } from './secrets.ts';

type Stream = { write(line: string): unknown };

export type LogOptions = {
  readonly level: 'error' | 'warn' | 'info' | 'debug' | 'silent';
  /** Areas that say everything, whatever the level: folder names such as `sip.transaction`. A line's area is its field `area`. */
  readonly debugAreas?: readonly string[];
  /** Lines for people instead of JSON. */
  readonly pretty?: boolean;
  /** Where lines go; standard output when left out. */
  readonly destination?: Stream;
};

const deepest = 6;
const longestText = 4096;
const mostItems = 100;
const longestName = 64;
/** Characters of lines that are one buffer. */
const mostTogether = 16_384;

/** A copy that may be shown. */
function clean(value: unknown, depth: number): unknown {
  if (typeof value === 'string') {
    const text = value.length > longestText ? `${value.slice(0, longestText)}… (${value.length} characters)` : value;
    return text.includes('://') ? hideUrlSecrets(text) : text;
  }
  if (value === null || typeof value !== 'object') return typeof value === 'bigint' ? String(value) : value;
  if (depth > deepest) return '…';
  if (value instanceof Error) return cleanError(value, depth);
  if (Array.isArray(value)) return value.slice(0, mostItems).map((each) => clean(each, depth + 1));
  if (Buffer.isBuffer(value)) return `${value.length} bytes`;
  return cleanFields(value, depth);
}

function cleanError(fault: Error, depth: number): object {
  const code = (fault as { code?: unknown }).code;
  const cause = fault.cause === undefined ? {} : { cause: clean(fault.cause, depth + 1) };
  return {
    type: fault.name,
    message: clean(fault.message, depth),
    ...(code === undefined ? {} : { code }),
    stack: fault.stack,
    ...cause,
  };
}

function cleanField(secret: boolean, value: unknown, depth: number): unknown {
  return secret && value !== undefined && value !== null ? hidden : clean(value, depth + 1);
}

/** Adds to `shown`, where there is one. */
function cleanFields(fields: object, depth: number, shown: Record<string, unknown> = {}): Record<string, unknown> {
  for (const name of Object.keys(fields)) shown[name] = cleanField(isSecretName(name), memberOf(fields, name), depth);
  return shown;
}

function memberOf(fields: object, name: string): unknown {
  return (fields as Readonly<Record<string, unknown>>)[name];
}

type LineLevel = 'error' | 'warn' | 'info' | 'debug';
/** What all lines of one logger say, cleaned; and the same as JSON, each field with its comma before it. */
type Common = { readonly fields: Readonly<Record<string, unknown>>; readonly text: string };
type Line = { readonly level: LineLevel; readonly at: number; readonly fields: object; readonly message: string };
type Sink = { write(line: Line, common: Common): void };

// JSON escapes C0 controls; these it does not, and a terminal obeys some of them.
const unseenInJson = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;
const allUnseen = new RegExp(unseenInJson, 'g');
const needsNoEscape = /^[ !#-[\]-~]*$/;

/** Now, as ISO 8601. Lines come several to a second: only their milliseconds are made anew. */
class Timestamps {
  #second = NaN;
  #text = '';

  at(now: number): string {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1000).toISOString().slice(0, -4);
    }
    return `${this.#text}${String(now - second * 1000).padStart(3, '0')}Z`;
  }
}

/** A write costs more than a line, for it wakes a thread: the lines of 100 ms wait for each other; as buffers, since a
 * string is measured anew with each line that joins it. Lines written in one go are one buffer. pino writes the rest at exit. */
function openStandardOutput(): Stream {
  const batch = { minLength: 65_536, maxWrite: 131_072, periodicFlush: 100 };
  const out = pino.destination({ dest: 1, sync: false, contentMode: 'buffer', ...batch });
  // A reader that went away: the calls go on without the lines.
  out.on('error', () => {});
  let lines = '';
  const send = (): void => {
    if (lines !== '') out.write(Buffer.from(lines) as never);
    lines = '';
  };
  // Before pino's own.
  process.prependListener('exit', send);
  return {
    write: (line) => {
      if (lines === '') queueMicrotask(send);
      lines += line;
      if (lines.length >= mostTogether) send();
    },
  };
}

let opened: Stream | undefined;

/** One for all logs of the process. */
function standardOutput(): Stream {
  return (opened ??= openStandardOutput());
}

/** As JSON, with what a terminal would obey made visible. Most values are plain words and numbers. */
function jsonOf(shown: unknown): string | undefined {
  if (typeof shown === 'string' && needsNoEscape.test(shown)) return `"${shown}"`;
  if (typeof shown === 'number' && Number.isFinite(shown)) return String(shown);
  const text = JSON.stringify(shown) as string | undefined;
  return text !== undefined && unseenInJson.test(text) ? text.replace(allUnseen, (char) => visible(char)) : text;
}

/** What stands before a field's value; and is the value hidden? */
type FieldName = { readonly text: string; readonly secret: boolean };
/** Names come again with every line. Bounded: customers choose names too. */
const fieldNames = new Map<string, FieldName>();
const mostNames = 1000;

function nameOf(name: string): FieldName {
  const known = fieldNames.get(name);
  if (known !== undefined) return known;
  const made = { text: `,${jsonOf(name)}:`, secret: isSecretName(name) };
  if (fieldNames.size < mostNames && name.length <= longestName) fieldNames.set(name, made);
  return made;
}

function fieldText({ text }: FieldName, shown: unknown): string {
  const value = jsonOf(shown);
  return value === undefined ? '' : text + value;
}

function commonOf(fields: Readonly<Record<string, unknown>>): Common {
  return {
    fields,
    text: Object.keys(fields)
      .map((name) => fieldText(nameOf(name), fields[name]))
      .join(''),
  };
}

/** pino's format and its stream, but written field by field as it is cleaned: no copy of the fields is made. */
function jsonSink(stream: Stream): Sink {
  const times = new Timestamps();
  return {
    write: ({ level, at, fields, message }, common) => {
      const names = Object.keys(fields);
      // What a line says itself counts, not what all lines say.
      const { text } = names.some((name) => name in common.fields) ? without(common, fields) : common;
      let line = `{"level":"${level}","time":"${times.at(at)}"${text}`;
      for (const name of names) {
        if (name === 'msg') continue;
        const known = nameOf(name);
        line += fieldText(known, cleanField(known.secret, memberOf(fields, name), 0));
      }
      stream.write(`${line},"msg":${jsonOf(message)}}\n`);
    },
  };
}

function without({ fields }: Common, own: object): Common {
  return commonOf(Object.fromEntries(Object.entries(fields).filter(([name]) => !(name in own))));
}

const paint = { error: colors.red, warn: colors.yellow, info: colors.green, debug: colors.dim } as const;

function plain(value: unknown): string {
  if (typeof value !== 'object' || value === null) return visible(String(value));
  const { stack } = value as { stack?: unknown };
  return typeof stack === 'string' ? stack.split('\n').map(visible).join('\n    ') : visible(JSON.stringify(value));
}

function prettySink(destination: LogOptions['destination']): Sink {
  const stream = destination ?? process.stdout;
  return {
    write: ({ level, at, fields, message }, common) => {
      const time = new Date(at).toISOString().slice(11, 23);
      const rest = Object.entries(cleanFields(fields, 0, { ...common.fields }))
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${colors.dim(`${name}=`)}${plain(value)}`);
      stream.write(`${colors.dim(time)} ${paint[level](level.padEnd(5))} ${visible(message)} ${rest.join(' ')}\n`);
    },
  };
}

const ranks = { silent: 0, error: 1, warn: 2, info: 3, debug: 4 } as const;

type Shared = { readonly sink: Sink; readonly rank: number; readonly areas: readonly string[] };

class Lines implements Log {
  readonly #shared: Shared;
  readonly #common: Common;

  constructor(shared: Shared, fields: Readonly<Record<string, unknown>>) {
    this.#shared = shared;
    this.#common = commonOf(fields);
  }

  error(fields: object, message: string): void {
    if (this.#shared.rank >= ranks.error) this.#write('error', fields, message);
  }

  warn(fields: object, message: string): void {
    if (this.#shared.rank >= ranks.warn) this.#write('warn', fields, message);
  }

  info(fields: object, message: string, at?: number): void {
    if (this.#shared.rank >= ranks.info) this.#write('info', fields, message, at);
  }

  debug(fields: object, message: string): void {
    if (this.#shared.rank >= ranks.debug || this.#wanted(fields)) this.#write('debug', fields, message);
  }

  child(fields: object): Log {
    return new Lines(this.#shared, cleanFields(fields, 0, { ...this.#common.fields }));
  }

  #wanted(fields: object): boolean {
    const { areas } = this.#shared;
    if (areas.length === 0) return false;
    const area = String((fields as { area?: unknown }).area ?? this.#common.fields['area'] ?? '');
    return areas.some((each) => area === each || area.startsWith(`${each}.`));
  }

  #write(level: LineLevel, fields: object, message: string, at = Date.now()): void {
    this.#shared.sink.write({ level, at, fields, message }, this.#common);
  }
}

export function createLog(options: LogOptions): Log {
  const sink =
    options.pretty === true ? prettySink(options.destination) : jsonSink(options.destination ?? standardOutput());
  return new Lines({ sink, rank: ranks[options.level], areas: options.debugAreas ?? [] }, {});
}
