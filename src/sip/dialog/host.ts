/** What a dialog needs of the agent that holds it. */
import type { Clock, Log, Random } from '../../base/index.ts';
import type { SipRequest, SipResponse } from '../message/index.ts';
import type { SessionTimerPolicy } from './session-timer.ts';
import type { ClientUser, Hop, ServerTransaction, SipTimers, Source, TimerWheel } from '../transaction/index.ts';

/** Where requests of a dialog go: to the first route or the target, or down a fixed path (a device behind NAT). */
export type Path = {
  readonly uri: string;
  readonly hop: Hop | undefined;
  /** What a secure hop that is a mere address must prove. */
  readonly provedHost?: string | undefined;
};

/** An ACK of a 2xx as sent: it is sent again for every repetition of the 2xx. RFC 3261 §13.2.2.4. */
export interface SentAck {
  again(): void;
}

/** Answers 401 and 407 for a peer whose credentials we hold. */
export interface Authorizer {
  /** Adds the header that answers this challenge. False when it must not or cannot be answered. */
  authorize(request: SipRequest, response: SipResponse): boolean;
}

/** Takes what arrives inside a dialog. */
export interface DialogReceiver {
  receive(request: SipRequest, from: Source): void;
  receiveAck(request: SipRequest): void;
  /** The agent closes: let go of every timer, send nothing. */
  drop(): void;
}

export interface DialogHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly timers: SipTimers;
  readonly wheel: TimerWheel;
  readonly sessionTimer: SessionTimerPolicy;
  /** Headers every request and 2xx of ours carries. */
  readonly allow: string;
  readonly userAgent: string;
  /** Sends a request in a client transaction of its own; writes its Via. */
  send(request: SipRequest, path: Path, user: ClientUser): void;
  /** Sends an ACK of a 2xx: no transaction. */
  sendAck(request: SipRequest, path: Path): SentAck;
  serve(request: SipRequest, from: Source): ServerTransaction;
  /** From now on requests of this dialog come to `receiver`. */
  enter(key: string, receiver: DialogReceiver): void;
  leave(key: string, receiver: DialogReceiver): void;
}

export function dialogKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId}|${localTag}|${remoteTag}`;
}
