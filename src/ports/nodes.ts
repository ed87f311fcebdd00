/** The other nodes, as REST reaches them: any of them answers for any call. */
import type { Readable } from 'node:stream';

/** Who asks, so that the other node judges for itself what they may. */
export type NodeAsker = {
  /** Exactly one is set. */
  readonly userSid?: string;
  readonly keySid?: string;
  /** Where their request came from. */
  readonly address: string;
};

export type NodeRequest = {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** undefined: the node asks on its own behalf. */
  readonly asker: NodeAsker | undefined;
  /** Until the answer begins; undefined: as long as the node beats. */
  readonly timeoutMs: number | undefined;
};

export type NodeAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Whoever got it reads it to its end, or destroys it. */
  readonly body: Readable;
};

/** Why a node gave no answer: half a sentence. */
export type NodeSilence = { readonly silent: string };

/** What came with the header `graine-node`, and what it was signed over. */
export type SignedHead = {
  readonly method: string;
  readonly path: string;
  readonly head: string;
  readonly asker: string;
  readonly signature: string;
};

/** A request that another node passed on. */
export type FromNode = {
  readonly node: string;
  readonly asker: NodeAsker | undefined;
  /** SHA-256 of the body, hex. */
  readonly bodyHash: string;
};

/** Who can say of another node that it is dead for certain. */
export interface Witness {
  /** These beat: nothing can be said of one that was never met. */
  meet(nodes: readonly string[]): void;
  /** False: it may live. Never rejects. */
  isDead(node: string): Promise<boolean>;
}

export interface Nodes {
  /** This node. */
  readonly name: string;
  /** Can nodes speak with each other at all? Without a secret they cannot. */
  readonly speaking: boolean;
  /** Does this process itself listen where the node says that it is? */
  readonly direct: boolean;
  /** The others that beat, or did when that was last known, and that said where they are. */
  others(): readonly string[];
  /** Never rejects. */
  send(node: string, request: NodeRequest): Promise<NodeAnswer | NodeSilence>;
  /** Checks who signed, when, for whom; each request is good for once. */
  check(signed: SignedHead): FromNode | { readonly refused: string };
}
