/** What every vendor of voices or ears looks like from inside this folder. */
import type { Emitter } from '../base/index.ts';
import type { HearingChoice, Transcript, VoiceChoice } from '../ports/index.ts';
import type { Pcm } from './wav.ts';

/** Ways a vendor says no, each with a message that names the vendor. `unusable`: not here, or not for this language. */
export type VendorFaultKind = 'unusable' | 'refused' | 'unreachable' | 'timeout' | 'garbage' | 'stopped';

export class VendorFault extends Error {
  override readonly name = 'VendorFault';
  readonly kind: VendorFaultKind;
  readonly status: number | undefined;

  constructor(kind: VendorFaultKind, message: string, status?: number) {
    super(message);
    this.kind = kind;
    this.status = status;
  }
}

export interface Voice {
  readonly name: string;
  /** Whether it knows the language; left out, it is asked and says so itself. */
  speaks?(language: string | undefined): boolean;
  /** Rejects with a VendorFault. */
  synthesise(text: string, choice: VoiceChoice, signal: AbortSignal): Promise<Pcm>;
}

/** A vendor's open ear. It ends by finish() or by `failed`. */
export interface Ear {
  readonly events: Emitter<{
    result: [transcript: Transcript];
    speaking: [];
    failed: [fault: VendorFault];
  }>;
  readonly rate: 8000 | 16_000;
  write(pcm: Int16Array): void;
  /** Takes no more sound, hands out what is still to come, ends. */
  finish(): Promise<void>;
}

export interface EarVendor {
  readonly name: string;
  open(choice: HearingChoice): Ear;
}
