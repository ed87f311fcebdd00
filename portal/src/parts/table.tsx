/** A table of rows that becomes a list of cards on a phone. */
import type { ReactNode } from 'react';

export type Column<T> = {
  readonly head: string;
  readonly cell: (row: T) => ReactNode;
  /** Figures and buttons stand at the end. */
  readonly end?: boolean;
};

export function Table<T>(props: {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
}) {
  const { label, columns, rows, keyOf } = props;
  return (
    <div className="table-scroll">
      <table className="data" aria-label={label}>
        <thead>
          <tr>
            {columns.map(({ head, end }) => (
              <th key={head} scope="col" className={end === true ? 'end' : undefined}>
                {head === '' ? <span className="sr-only">Actions</span> : head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ head, cell, end }) => (
                <td key={head} data-head={head} className={end === true ? 'end' : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
