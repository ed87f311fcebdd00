/** The JSON Schema of dial, in words: what an option is, and a first value for it. */

export type Schema = {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
};

export function inWords(schema: Schema): string {
  if (schema.description !== undefined) return schema.description;
  if (schema.enum !== undefined) return `one of ${schema.enum.map((each) => JSON.stringify(each)).join(', ')}`;
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(inWords))].join(' or ');
  switch (schema.type) {
    case 'array':
      return schema.items === undefined ? 'a list' : `a list of: ${inWords(schema.items)}`;
    case 'object': {
      const names = Object.keys(schema.properties ?? {}).filter(
        (name) => name !== '_' && name !== 'id' && name !== 'verb',
      );
      return names.length === 0 ? 'an object' : `an object with ${names.join(', ')}`;
    }
    case 'string':
      return 'text';
    case 'number':
    case 'integer':
      return schema.minimum === 0 ? 'a number from 0' : 'a number';
    case 'boolean':
      return 'true or false';
    default:
      return 'a value';
  }
}

/** The least that is of this shape. */
export function firstValue(schema: Schema): unknown {
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.anyOf !== undefined) return firstValue(schema.anyOf[0] ?? {});
  switch (schema.type) {
    case 'array':
      return [];
    case 'object':
      return Object.fromEntries(
        (schema.required ?? []).map((name) => [name, firstValue(schema.properties?.[name] ?? {})]),
      );
    case 'string':
      return '';
    case 'number':
    case 'integer':
      return schema.minimum ?? 0;
    case 'boolean':
      return true;
    default:
      return null;
  }
}
