/** The nodes that share a Redis, as standing calls need to know them. */
import type { Certainty } from '../base/index.ts';
import type { Detour, DetourValues } from './detour.ts';
import type { Witness } from '../ports/index.ts';

export type MembersListener = {
  /** Others have taken calls of this node: resolves, with their session sids, when they have been let go of. */
  taken(): Promise<readonly string[]>;
  /** These no longer beat. `steady`: neither this node nor Redis was away a moment ago, so that it is they who are gone. */
  gone(nodes: readonly string[], steady: boolean): void;
  /** This one is dead for certain. */
  died(node: string): void;
  /** Redis has lost all it knew. */
  forgotten(): void;
};

/** As a certainty: that no other node has taken what this one has. */
export interface Members extends Certainty {
  readonly node: string;
  /** Who did not beat for so long is gone, ms; and who did not for longer than any outage of Redis, or said so. */
  readonly lease: number;
  readonly longAgo: number;
  /** One that is dead for certain is gone when it did not for so long, ms. */
  readonly proven: number;
  watchBy(witness: Witness): void;
  /** How many other nodes beat. */
  others(): number;
  follow(listener: MembersListener): void;
  /** The way to Redis when it does not answer this node. */
  detour(way: Detour): void;
  /** By that way. Undefined: it leads nowhere, or the script may not go by it. */
  around(script: string, values: DetourValues): Promise<unknown>;
  /** Another node's, which does not reach Redis. Undefined: nor does this one, or it may not have it done. */
  serve(node: string, script: string, values: DetourValues): Promise<unknown>;
  /** This node beats no more. */
  resign(): Promise<void>;
}
