/** Copies a text, and says that it did. */
import { ActionIcon, CopyButton } from '@mantine/core';
import { Check, Copy as CopyIcon } from 'lucide-react';

export function Copy({ text, what }: { readonly text: string; readonly what: string }) {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <ActionIcon variant="subtle" size="sm" aria-label={copied ? `${what} copied` : `Copy ${what}`} onClick={copy}>
          {copied ? <Check size={14} /> : <CopyIcon size={14} />}
        </ActionIcon>
      )}
    </CopyButton>
  );
}
