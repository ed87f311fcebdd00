/** What crosses the line between the main thread and the streams thread. Plain data, but for the rings. */
import type { StreamEnd, StreamFigures, StreamFlow, StreamOptions, TapRate } from '../ports/index.ts';

export type Command =
  | { readonly do: 'open'; readonly stream: string; readonly options: StreamOptions }
  | {
      readonly do: 'feed';
      readonly stream: string;
      readonly rate: TapRate;
      readonly memory: SharedArrayBuffer | undefined;
    }
  | { readonly do: 'flow'; readonly stream: string; readonly flow: StreamFlow }
  | { readonly do: 'text'; readonly stream: string; readonly text: string }
  | { readonly do: 'close'; readonly stream: string }
  | { readonly do: 'end' };

export type Report =
  | { readonly say: 'connected'; readonly stream: string; readonly connection: number }
  | { readonly say: 'interrupted'; readonly stream: string; readonly why: string; readonly retryMs: number }
  | { readonly say: 'dropping'; readonly stream: string; readonly droppedMs: number }
  | { readonly say: 'refused'; readonly stream: string; readonly why: string }
  | { readonly say: 'feedWanted'; readonly stream: string; readonly rate: TapRate }
  | {
      readonly say: 'ended';
      readonly stream: string;
      readonly end: StreamEnd;
      readonly why: string;
      readonly figures: StreamFigures;
    };
