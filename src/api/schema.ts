/** Small words to write request schemas with, and the field shapes that several resources share. */
import { Type, type TProperties, type TSchema } from 'typebox';

/** A field that may be left out or null, which mean the same: not set. */
export function maybe<T extends TSchema>(schema: T) {
  return Type.Optional(Type.Union([schema, Type.Null()]));
}

/** No control characters: what may end up in a header of SIP or HTTP must not begin a line of its own there. */
export const oneLine = String.raw`^[^\u0000-\u001f\u007f]*$`;

export const text = (description: string, max = 255) =>
  Type.String({ minLength: 1, maxLength: max, pattern: oneLine, description });
/** Text that never leaves as a header: keys of vendors are whole files. */
export const prose = (description: string, max: number) => Type.String({ minLength: 1, maxLength: max, description });
/** The name of something that is there, or nothing at all: it never becomes a header. */
export const sid = (description: string) => Type.String({ minLength: 1, maxLength: 64, description });
export const flag = (description: string) => Type.Boolean({ description });
export const integer = (description: string, minimum: number, maximum: number) =>
  Type.Integer({ minimum, maximum, description });
export const choice = (description: string, ...values: string[]) =>
  Type.Union(
    values.map((value) => Type.Literal(value)),
    description === '' ? {} : { title: description },
  );

const label = '[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';
export const hostPattern = `${label}(\\.${label}){0,30}`;
const v6Pattern = String.raw`\[?[0-9A-Fa-f:.]{2,45}\]?`;

/** `meaning` follows what a right value looks like: a fault says both. */
export const hostName = (meaning: string) =>
  Type.String({
    minLength: 1,
    maxLength: 253,
    pattern: `^(${hostPattern}|${v6Pattern})$`,
    description: `a host name, such as voice.example.test: ${meaning}`,
  });

/** A field of the jambonz API that Graine does not act on: only a value that asks for nothing is taken. */
export const unused = Type.Optional(
  Type.Union([Type.Null(), Type.Literal(false), Type.Literal(0), Type.Literal('')], {
    description: 'left out: Graine does not support it (null, false, 0 and an empty string ask for nothing)',
  }),
);

/** Accepted for jambonz clients that always send it; Graine has no service providers. */
export const ignored = Type.Optional(Type.Unknown({ description: 'Accepted and ignored.' }));

/** Closed: unknown fields are refused. */
export function closed<P extends TProperties>(properties: P) {
  return Type.Object(properties, { additionalProperties: false });
}

const url = text('Absolute or relative URL', 2048);

/** A hook as jambonz writes it: a URL, or an object with method and credentials. */
export const hook = Type.Union([
  url,
  closed({
    url,
    method: maybe(choice('HTTP method', 'GET', 'POST')),
    username: maybe(text('Basic auth user')),
    password: maybe(Type.String({ maxLength: 255, description: 'Basic auth password; write-only' })),
  }),
]);

export const sipHeaders = Type.Record(Type.String(), Type.Union([Type.String({ maxLength: 2048 }), Type.Number()]), {
  description: 'SIP headers to add',
});
