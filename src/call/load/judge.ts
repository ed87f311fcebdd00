/** When the door narrows and when it opens again. */
import { ignore, type Table } from '../../base/index.ts';
import type { Strain } from './pressure.ts';

/** `limited`: so many new calls a second and no more. */
export type DoorState = 'open' | 'limited';
export type DoorEvent = { readonly type: Strain };
export type DoorEffect = 'shut' | 'narrow' | 'widen' | 'hold' | 'release';

export type DoorContext = {
  /** What was changed last has had the time to show. */
  readonly settled: () => boolean;
  /** Long since anybody was refused, and easy all the while. */
  readonly recovered: () => boolean;
};

export const doorTable: Table<DoorState, DoorEvent, DoorEffect, DoorContext> = {
  open: {
    strained: () => ({ to: 'limited', effects: ['shut'] }),
    tight: ignore,
    easy: ignore,
  },
  limited: {
    strained: (_, { settled }) => ({ to: 'limited', effects: [settled() ? 'narrow' : 'hold'] }),
    tight: () => ({ to: 'limited', effects: ['hold'] }),
    easy: (_, { settled, recovered }) => {
      if (recovered()) return { to: 'open', effects: ['release'] };
      return { to: 'limited', effects: settled() ? ['widen'] : [] };
    },
  },
};
