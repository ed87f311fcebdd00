/** What pages are made of. */
export { Confirm } from './confirm.tsx';
export { Copy } from './copy.tsx';
export { ErrorNote, faultsOf, sentence } from './error-note.tsx';
export { useFaultFocus, useFocusBack } from './focus.ts';
export { figure, lasted, msOf, outcome, party, pretty, when } from './format.ts';
export { Empty, Page } from './page.tsx';
export { Pager } from './pager.tsx';
export { Mark, StateMark, toneOf } from './state.tsx';
export { type Column, Table } from './table.tsx';
export { toast, Toasts } from './toasts.tsx';
