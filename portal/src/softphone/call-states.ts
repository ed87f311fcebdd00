/** The states of the phone's one call, as a total table: what is not named changes nothing. */

export type Phase = 'idle' | 'opening' | 'calling' | 'ringing' | 'incoming' | 'answering' | 'talking';
export type Happening = 'dial' | 'invited' | 'accept' | 'sent' | 'rings' | 'confirmed' | 'over';

const table: Readonly<Record<Phase, Readonly<Record<Happening, Phase>>>> = {
  idle: row('idle', { dial: 'opening', invited: 'incoming' }),
  opening: row('opening', { sent: 'calling', over: 'idle' }),
  calling: row('calling', { rings: 'ringing', confirmed: 'talking', over: 'idle' }),
  ringing: row('ringing', { confirmed: 'talking', over: 'idle' }),
  incoming: row('incoming', { accept: 'answering', over: 'idle' }),
  answering: row('answering', { confirmed: 'talking', over: 'idle' }),
  talking: row('talking', { over: 'idle' }),
};

function row(stay: Phase, moves: Partial<Record<Happening, Phase>>): Record<Happening, Phase> {
  const all = { dial: stay, invited: stay, accept: stay, sent: stay, rings: stay, confirmed: stay, over: stay };
  return { ...all, ...moves };
}

export function after(phase: Phase, happening: Happening): Phase {
  return table[phase][happening];
}

/** What each state is called on the page. */
export const phaseWords: Readonly<Record<Phase, string>> = {
  idle: 'Ready',
  opening: 'Asking for the microphone',
  calling: 'Calling',
  ringing: 'Ringing',
  incoming: 'Calls you',
  answering: 'Answering',
  talking: 'Talking',
};
