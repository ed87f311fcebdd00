/** What other pages take from the live calls. */
export { LegActions } from './actions.tsx';
export { useNarrow } from './narrow.ts';
