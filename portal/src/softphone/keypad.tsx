/** Twelve keys. While the focus is on one of them the keyboard's own digits work too. */
import type { KeyboardEvent } from 'react';

const keys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];

export function Keypad({ onKey }: { readonly onKey: (key: string) => void }) {
  const typed = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys.includes(event.key)) return;
    event.preventDefault();
    onKey(event.key);
  };
  return (
    <div className="keypad" role="group" aria-label="Keypad" onKeyDown={typed}>
      {keys.map((key) => (
        <button type="button" key={key} className="keypad-key" onClick={() => onKey(key)}>
          {key}
        </button>
      ))}
    </div>
  );
}
