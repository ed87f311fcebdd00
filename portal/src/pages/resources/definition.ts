/** What a list page and its form need to know of a kind of thing. One definition a file in `pages/provisioning`. */
import type { ReactNode } from 'react';
import type { LucideIcon } from 'lucide-react';
import type { Column } from '../../parts/index.ts';

export type Row = Readonly<Record<string, unknown>>;

type Common = {
  readonly name: string;
  readonly label: string;
  readonly help?: string;
  readonly required?: boolean;
  /** Takes both columns of the form. */
  readonly wide?: boolean;
  /** Shown only where this is so of what is in the form. */
  readonly when?: (values: Row) => boolean;
  /** Asked once: it cannot be changed later. */
  readonly once?: boolean;
};

export type Field =
  | (Common & { readonly is: 'text' | 'area' | 'email'; readonly placeholder?: string })
  /** Goes in and never comes out. */
  | (Common & { readonly is: 'secret' })
  | (Common & { readonly is: 'number'; readonly min?: number; readonly max?: number; readonly decimals?: boolean })
  | (Common & { readonly is: 'switch'; readonly standard?: boolean })
  | (Common & {
      readonly is: 'choice';
      readonly options: readonly (readonly [string, string])[];
      readonly standard?: string;
    })
  /** The sid of another thing of the account. */
  | (Common & { readonly is: 'pointer'; readonly path: string; readonly sid: string; readonly title: string })
  | (Common & { readonly is: 'hook' })
  | (Common & { readonly is: 'json'; readonly placeholder?: string })
  | (Common & { readonly is: 'list'; readonly placeholder?: string });

export type Definition = {
  readonly title: string;
  readonly noun: string;
  readonly about: string;
  readonly icon: LucideIcon;
  /** Path below the account: `Applications`. */
  readonly path: string;
  readonly sid: string;
  /** What people call one of them. */
  readonly nameOf: (row: Row) => string;
  readonly columns: readonly Column<Row>[];
  readonly fields: readonly Field[];
  /** What the empty list says to do. */
  readonly empty: ReactNode;
  /** Below `/v1` and not below an account. */
  readonly flat?: boolean;
  /** Fixed fields of a new one, and the filter of the list. */
  readonly fixed?: Readonly<Record<string, string>>;
  /** What a new one needs beside its form. */
  readonly more?: (values: Row, accountSid: string) => Row;
  /** Buttons of a row beside change and delete. */
  readonly extra?: (row: Row) => ReactNode;
  /** Only the administrator makes and deletes these. */
  readonly adminOnly?: boolean;
};

export function textOf(row: Row, name: string): string {
  const value = row[name];
  return value === null || value === undefined ? '' : String(value as string | number | boolean);
}

/** Where the list is, and below it its things. */
export function pathOf(definition: Definition, accountSid: string): string {
  return definition.flat === true ? `/v1/${definition.path}` : `/v1/Accounts/${accountSid}/${definition.path}`;
}
