/** To Redis by way of the other nodes, for a node that is cut off from Redis alone. The first that reaches it does it. */
import type { Readable } from 'node:stream';
import type { Detour, Members } from '../live/index.ts';
import type { Nodes } from '../ports/index.ts';

/** ms: a beat that takes longer is worth nothing. */
const PATIENCE_MS = 800;
const MOST_NODES = 3;
const LONGEST = 1024 * 1024;

/** From now on this node goes by way of the others; what is returned is their way by this one. */
export function byWay(members: Members | undefined, nodes: Pick<Nodes, 'others' | 'send'>): Members['serve'] {
  members?.detour(detourBy(nodes));
  return (from, script, values) => members?.serve(from, script, values) ?? Promise.resolve(undefined);
}

function detourBy(nodes: Pick<Nodes, 'others' | 'send'>): Detour {
  return async (script, values) => {
    const body = JSON.stringify({ script, values });
    const asked = nodes.others().slice(0, MOST_NODES);
    return Promise.any(asked.map((node) => ask(nodes, node, body))).catch(() => undefined);
  };
}

async function ask(nodes: Pick<Nodes, 'send'>, node: string, body: string): Promise<unknown> {
  const answer = await nodes.send(node, {
    method: 'POST',
    path: '/v1/Nodes/Redis',
    headers: { 'content-type': 'application/json' },
    body,
    asker: undefined,
    timeoutMs: PATIENCE_MS,
  });
  if ('silent' in answer) throw new Error(answer.silent);
  const text = await textOf(answer.body);
  if (answer.status !== 200) throw new Error(`it answers ${answer.status}`);
  return (JSON.parse(text) as { readonly answer?: unknown }).answer;
}

/** Leaving the loop destroys the stream. */
async function textOf(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LONGEST) throw new Error('its answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
