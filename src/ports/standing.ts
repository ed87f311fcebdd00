/** Standing calls that outlive their process: what is written down of each, and who finds it afterwards. The snapshots are
 * text that call/standing makes and reads; whoever keeps them does not look inside. They hold secrets (hook passwords,
 * keys of the media), so nobody but the server may read them. */
export interface StandingCalls {
  /** Nothing is written anywhere: nothing need be said. */
  readonly nowhere?: boolean;
  /** Replaces what was kept of this call. Written within a moment; never throws, never waits. `tags`: ours in its dialogs. */
  keep(sid: string, snapshot: string, tags: readonly string[]): void;
  /** The call must not be carried on any more: written at once, and never waited for. */
  drop(sid: string): void;
  /** Resolves when all that was kept or dropped of this call is where another process would look, or when that cannot be
   * had soon. `lost`: another process has taken the call. */
  settled(sid: string): Promise<'ours' | 'lost' | 'unknown'>;
  /** `hear` is asked to keep a call anew: what was written of it is old. */
  onStale(hear: (sid: string) => void): void;
  /** What a process before this one left behind. */
  left(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Who has the call of a dialog: a living node, nobody that is known, or from now on this node, which it is handed to. */
export type Whereabouts = { readonly node: string } | 'unknown' | 'here';

/** Standing calls that several nodes share: the living carry on those of a node that is gone. Each call has one owner, and
 * whoever lost a call to another hears of it before it does anything more with it. */
export interface SharedStandingCalls extends StandingCalls {
  /** Calls of a node that is gone, which are this node's from now on. Resolves when they stand again: more come then. */
  onOrphans(hear: (snapshots: readonly string[]) => Promise<void>): void;
  /** Calls that others have taken, believing this node gone: to be let go of without a word. */
  onTaken(hear: (sids: readonly string[]) => void): void;
  /** So many calls of a node that is gone were taken over by this one. */
  onTookOver(hear: (from: string, calls: number) => void): void;
  /** Whose dialog has this tag of ours. One of a node that is gone is handed to onOrphans before this resolves. */
  find(tag: string): Promise<Whereabouts>;
  /** This node beats no more, and all it has is the others' at once. Resolves with how many calls nobody took. */
  resign(): Promise<number>;
}
