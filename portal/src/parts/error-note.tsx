/** What the server refused, in its own words: the message, and each fault with its field and its fix. */
import { ApiError, type Detail, messageOf } from '../api/index.ts';

export function faultsOf(fault: unknown): readonly Detail[] {
  return fault instanceof ApiError ? fault.details : [];
}

export function sentence({ expected, got, fix }: Detail): string {
  const came = got === undefined ? '' : `; got ${got}`;
  return `${expected}${came}${fix === undefined ? '' : `. ${fix}`}`;
}

/** `shown`: fields whose faults already stand at them. */
export function ErrorNote({ fault, shown = [] }: { readonly fault: unknown; readonly shown?: readonly string[] }) {
  if (fault === undefined || fault === null) return null;
  const faults = faultsOf(fault);
  const others = faults.filter(({ path }) => !shown.includes(path));
  // What stands at the fields need not be said twice.
  const message =
    faults.length > 0 && others.length === 0 ? 'Not saved: see the fields marked above.' : messageOf(fault);
  return (
    <div className="note" role="alert">
      <div className="grow">
        <strong>{message}</strong>
        {others.length === 0 ? null : (
          <ul>
            {others.map((each) => (
              <li key={`${each.path} ${each.expected}`}>
                <code>{each.path === '' ? 'body' : each.path}</code> must be {sentence(each)}
              </li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}
