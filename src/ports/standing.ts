/** Standing calls that outlive their process: what is written down of each, and who finds it afterwards. The snapshots are
 * text that call/standing makes and reads; whoever keeps them does not look inside. They hold secrets (hook passwords,
 * keys of the media), so nobody but the server may read them. */
export interface StandingCalls {
  /** Replaces what was kept of this call. Written within a moment; never throws, never waits. */
  keep(sid: string, snapshot: string): void;
  /** The call must not be carried on any more: holds from when this returns. */
  drop(sid: string): void;
  /** `hear` is asked to keep a call anew: what was written of it is old. */
  onStale(hear: (sid: string) => void): void;
  /** What a process before this one left behind. */
  left(): Promise<readonly string[]>;
  close(): Promise<void>;
}
