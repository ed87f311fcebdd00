/** Redis by way of another node, for one that is cut off from Redis alone: it says that it lives, and writes down which calls
 * stand, through a node that reaches both, so that nobody takes its calls while it goes on with them. */
import type { ScriptName } from './scripts.ts';

/** What a node may have done for itself, and nothing else: each begins with its own name. */
const allowed = ['beat', 'keepStanding', 'takenStanding', 'partedStanding'] as const satisfies readonly ScriptName[];
export type DetourScript = (typeof allowed)[number];

export type DetourValues = readonly (string | number)[];
/** Asks other nodes. Undefined: none of them reaches Redis. Never rejects. */
export type Detour = (script: DetourScript, values: DetourValues) => Promise<unknown>;

const most = { values: 256, node: 255 } as const;

export function mayDetour(script: string): script is DetourScript {
  return (allowed as readonly string[]).includes(script);
}

/** Is it one that `node` may have done? */
export function isOfNode(node: string, script: string, values: DetourValues): script is DetourScript {
  return mayDetour(script) && values.length <= most.values && values[0] === node && node.length <= most.node;
}
