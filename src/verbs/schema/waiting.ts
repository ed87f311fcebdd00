/** What a caller hears while a hook is waited for: fillerNoise and actionHookDelayAction, of `gather` and `config`. */
import type { JsonObject, PlayVerb, SayVerb } from './types.ts';

export type FillerNoise = {
  /** As `play` takes it; undefined: the one `config` named. */
  readonly url: string | undefined;
  readonly startDelaySecs: number;
};

export type HookDelay = {
  /** Seconds without an answer before each action. */
  readonly noResponseTimeout: number;
  /** Seconds after which the answer is waited for no longer; undefined: as long as any hook. */
  readonly noResponseGiveUpTimeout: number | undefined;
  /** So many actions are heard, in turn. */
  readonly retries: number;
  readonly actions: readonly (PlayVerb | SayVerb)[];
  /** The document that takes over then; undefined: the call is hung up. */
  readonly giveUpActions: readonly unknown[] | undefined;
};

/** Of a verb of its own, or of `config`: `off` is not the same as silence about it. */
export type Waiting = {
  readonly fillerNoise: FillerNoise | 'off' | undefined;
  readonly actionHookDelayAction: HookDelay | 'off' | undefined;
};

type Readers = {
  readonly play: (raw: JsonObject, id: undefined) => PlayVerb;
  readonly say: (raw: JsonObject, id: undefined) => SayVerb;
};

/** A hook that nobody answers holds a caller no longer than this, s. */
const mostPatience = 120;
const mostTurns = 1000;

/** `read` makes verbs of the actions. */
export function waiting(raw: JsonObject, read: Readers): Waiting {
  return {
    fillerNoise: fillerNoise(raw['fillerNoise'] as JsonObject | undefined),
    actionHookDelayAction: hookDelay(raw['actionHookDelayAction'] as JsonObject | undefined, read),
  };
}

function fillerNoise(raw: JsonObject | undefined): Waiting['fillerNoise'] {
  if (raw === undefined) return undefined;
  if (raw['enable'] === false) return 'off';
  const { url, startDelaySecs } = raw;
  return { url: url === '' ? undefined : (url as string | undefined), startDelaySecs: Number(startDelaySecs ?? 0) };
}

function hookDelay(raw: JsonObject | undefined, { play, say }: Readers): Waiting['actionHookDelayAction'] {
  if (raw === undefined) return undefined;
  if (raw['enabled'] === false) return 'off';
  const { noResponseTimeout, noResponseGiveUpTimeout, retries, actions, giveUpActions } = raw;
  const given = (actions ?? []) as readonly JsonObject[];
  return {
    noResponseTimeout: Number(noResponseTimeout ?? 0),
    noResponseGiveUpTimeout: Math.min(Number(noResponseGiveUpTimeout ?? 0), mostPatience) || undefined,
    retries: Math.min(Math.floor(Number(retries ?? 1)), mostTurns),
    // A hook of an action would be waited for inside the wait.
    actions: given.map((each) =>
      each['verb'] === 'say' ? say(each, undefined) : { ...play(each, undefined), actionHook: undefined },
    ),
    giveUpActions: giveUpActions as readonly unknown[] | undefined,
  };
}
