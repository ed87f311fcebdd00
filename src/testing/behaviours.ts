/** How a phone takes a call: named behaviours for `phone.onInvite`. Each is a function of the call, so a test may write
 * its own beside them. Times in ms. */
import { credentialsMatch, digestParams, type Login } from './digest.ts';
import type { IncomingPhoneCall } from './incoming.ts';
import { after } from './journal.ts';
import type { Header } from './message.ts';
import { takeMessage, type VoicemailScript } from './voicemail.ts';

/** How a phone takes a call. */
export type Behaviour = (call: IncomingPhoneCall) => void | Promise<void>;

/** What a phone does in a call it answered. */
export type AnswerScript = {
  /** Tone it speaks once answered, Hz. */
  readonly tone?: number;
  /** Samples (8 kHz) it speaks once answered. */
  readonly speech?: Int16Array;
  /** Keys it presses after the answer: 0 to 9, *, #, A to D. */
  readonly keys?: string;
  /** How: in the audio stream (RFC 4733; the default) or by SIP INFO. */
  readonly keysBy?: 'rtp' | 'info';
  /** How long after the answer; 0. */
  readonly keysAfter?: number;
  /** Hangs up by itself this long after the answer. */
  readonly hangsUpAfter?: number;
  readonly headers?: readonly Header[];
};

async function answer(call: IncomingPhoneCall, script: AnswerScript): Promise<void> {
  const media = await call.openMedia();
  if (script.tone !== undefined) media.tone(script.tone);
  if (script.speech !== undefined) media.speaks(script.speech);
  await call.answers(script.headers === undefined ? {} : { headers: script.headers });
  if (call.finalStatus !== 200) return;
  const { keys } = script;
  if (keys !== undefined) later(call, script.keysAfter ?? 0, () => press(call, keys, script.keysBy ?? 'rtp'));
  if (script.hangsUpAfter !== undefined) {
    call.host.exchanges.after(script.hangsUpAfter, () => void call.hangsUp().catch(() => {}));
  }
}

/** A call that ends meanwhile ends the pressing. */
async function press(call: IncomingPhoneCall, keys: string, by: 'rtp' | 'info'): Promise<void> {
  if (by === 'rtp') await call.presses(keys);
  else
    for (const key of keys) {
      if (call.over) return;
      await call.pressesByInfo(key).catch(() => {});
    }
  if (!call.over) call.tells({ event: 'pressed', keys, by });
}

/** What fails there is a note of the ladder, as for a behaviour that fails at once. */
function later(call: IncomingPhoneCall, ms: number, act: () => void | Promise<void>): void {
  const run = async (): Promise<void> => {
    try {
      await act();
    } catch (fault) {
      call.host.transcript.note(`behaviour failed: ${String(fault)}`);
    }
  };
  if (ms <= 0) void run();
  else call.host.exchanges.after(ms, () => void run());
}

/** The behaviours there are. */
export const phones = {
  /** Rings, then answers. */
  answersAfter(ms: number, script: AnswerScript = {}): Behaviour {
    return (call) => {
      call.rings();
      later(call, ms, () => answer(call, script));
    };
  },

  /** 200 without ringing first. */
  answersAtOnce(script: AnswerScript = {}): Behaviour {
    return (call) => answer(call, script);
  },

  /** Answers, greets, beeps, then listens and tells how long it was spoken to (the event `message`). */
  voicemail(script: VoicemailScript = {}): Behaviour {
    return (call) => {
      call.rings();
      later(call, script.after ?? 0, () => takeMessage(call, script));
    };
  },

  /** One of these for each call, by chance: the same ones for the same seed of the phone. */
  anyOf(...behaviours: readonly [Behaviour, ...Behaviour[]]): Behaviour {
    return (call) => behaviours[call.host.random.integer(behaviours.length)]?.(call);
  },

  /** 486. */
  busy(ms = 0): Behaviour {
    return this.declines(486, 'Busy Here', ms);
  },

  /** Refuses with this status; rings first where `ms` is more than 0. */
  declines(status = 603, reason?: string, ms = 0): Behaviour {
    return (call) => {
      if (ms > 0) call.rings();
      later(call, ms, () => call.refuses(status, reason));
    };
  },

  /** 180, and nobody comes. */
  ringsForEver(): Behaviour {
    return (call) => call.rings();
  },

  /** Says nothing at all: a dead address. */
  ignores(): Behaviour {
    return () => {};
  },

  /** 100 and then nothing. */
  tries(): Behaviour {
    return (call) => call.rings(100);
  },

  /** 183 with SDP and a tone; answers later when told to. */
  earlyMedia(hz: number, answersAfter?: number, script: AnswerScript = {}): Behaviour {
    return async (call) => {
      await call.earlyMedia(hz);
      if (answersAfter !== undefined) later(call, answersAfter, () => answer(call, script));
    };
  },

  /** Rings; sends its 200 just when the CANCEL comes. RFC 3261 §9.1: the two cross. */
  answersThenCancelCrosses(): Behaviour {
    return async (call) => {
      await call.prepare();
      call.onCancel = () => call.answerNow();
      call.rings();
    };
  },

  /** Two forks answer the one INVITE. RFC 3261 §13.2.2.4. */
  sends200Twice(tags: readonly [string, string]): Behaviour {
    return async (call) => {
      await call.prepare();
      call.rings();
      call.answerNow({ tag: tags[0] });
      call.answerNow({ tag: tags[1] });
    };
  },

  /** 302 with a Contact. */
  redirects(contact: string, status = 302): Behaviour {
    return (call) => call.refuses(status, undefined, [['Contact', `<${contact}>`]]);
  },

  /** Challenges; then behaves. A wrong answer gets 403. */
  requiresAuth(
    login: Login,
    then: Behaviour,
    options: { realm?: string; algorithm?: string; proxy?: boolean } = {},
  ): Behaviour {
    let nonce = '';
    return (call) => {
      const asked = options.proxy === true ? 'Proxy-Authorization' : 'Authorization';
      const given = call.invite.get(asked);
      if (given === undefined || (nonce !== '' && digestParams(given).get('nonce') !== nonce)) {
        nonce = call.host.random.token(24);
        const value = `Digest realm="${options.realm ?? 'carrier.test'}", nonce="${nonce}", algorithm=${options.algorithm ?? 'MD5'}, qop="auth"`;
        call.refuses(options.proxy === true ? 407 : 401, undefined, [
          [options.proxy === true ? 'Proxy-Authenticate' : 'WWW-Authenticate', value],
        ]);
        return undefined;
      }
      if (credentialsMatch(given, login, { method: 'INVITE', nonce })) return then(call);
      return call.refuses(403, 'Forbidden');
    };
  },

  /** 200 without SDP. */
  noSdp200(): Behaviour {
    return async (call) => {
      await call.prepare();
      call.rings();
      call.answerNow({ sdp: 'none' });
    };
  },

  /** Answers, and the first ACKs get lost on their way: the 200 comes again. RFC 3261 §13.3.1.4. */
  losesAck(times = 1, script: AnswerScript = {}): Behaviour {
    return (call) => {
      call.lostAcks = times;
      call.rings();
      return answer(call, script);
    };
  },

  /** 18x first, a refusal after it. */
  sends18xThen(status: number, ms = 50): Behaviour {
    return (call) => {
      call.rings();
      later(call, ms, () => call.refuses(status));
    };
  },

  sends18xThen503(ms = 50): Behaviour {
    return this.sends18xThen(503, ms);
  },

  /** 180, 503 and 180 again from one carrier. */
  wavers(): Behaviour {
    return async (call) => {
      call.rings();
      await after(30);
      call.rings(183);
      await after(30);
      call.refuses(503);
    };
  },

  /** Answers, and answers every re-INVITE with 491. RFC 3261 §14.2. */
  reInviteGlare(script: AnswerScript = {}): Behaviour {
    return (call) => {
      call.onReinvite = (request) => (request.method === 'INVITE' ? 491 : undefined);
      call.rings();
      return answer(call, script);
    };
  },

  /** One behaviour a call, in order; the last one for all that follow. */
  inTurn(...behaviours: readonly Behaviour[]): Behaviour {
    let turn = 0;
    return (call) => behaviours[Math.min(turn++, behaviours.length - 1)]?.(call);
  },
};
