/** Small words for the schema: a key with its default, its meaning, and whether it is a secret. */
import { Type } from 'typebox';

/** One of these words. */
export function oneOf<const T extends readonly string[]>(words: T, options: object = {}) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: words, ...options });
}

/** Never printed, never logged. */
export function secret(description: string) {
  return Type.String({ minLength: 1, secret: true, description });
}

export function text(description: string, options: object = {}) {
  return Type.String({ minLength: 1, description, ...options });
}

export function yes(description: string) {
  return Type.Boolean({ default: true, description });
}

export function no(description: string) {
  return Type.Boolean({ default: false, description });
}

/** A whole number from `least` to `most`; `value` when it is left out. */
export function count(value: number, least: number, most: number, description: string) {
  return Type.Integer({ default: value, minimum: least, maximum: most, description });
}

/** The same, without a value of its own. */
export function bound(least: number, most: number, description: string) {
  return Type.Integer({ minimum: least, maximum: most, description });
}

/** More than nothing, and not only whole: 0.5 a second is one every two seconds. */
export function rate(most: number, description: string) {
  return Type.Number({ exclusiveMinimum: 0, maximum: most, description });
}
