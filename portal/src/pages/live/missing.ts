/** What the list of live calls may lack, in a sentence; undefined: nothing. */
import type { NodesView } from '../../api/index.ts';

export function missingOf(view: NodesView | undefined): string | undefined {
  if (view === undefined) return undefined;
  const hidden = view.nodes.filter(({ shown }) => !shown).map(({ node }) => node);
  const parts = [
    ...(view.shared ? [] : ['Redis is away: this server knows the nodes it knew last.']),
    ...(hidden.length === 0 ? [] : [`Calls of ${hidden.join(', ')} are not shown.`]),
  ];
  return parts.length === 0 ? undefined : parts.join(' ');
}
