/** Everything call control works with, handed in once by main.ts. */
import type { Clock, Log, Random, TraceChannel } from '../base/index.ts';
import type {
  Alerts,
  ControlResult,
  Directory,
  Door,
  Hooks,
  FindStream,
  LiveStore,
  MediaEngine,
  Speech,
  Store,
  Streams,
  StudioEngine,
} from '../ports/index.ts';
import type { Binding } from '../ports/index.ts';
import type {
  Dialog,
  DialogSnapshot,
  InviteOptions,
  LeftCall,
  LeftInvitation,
  OutgoingCall,
  Reason,
} from '../sip/agent/index.ts';
import type { CarrierPacers } from './pacing.ts';
import type { Refusals } from './load/refusals.ts';
import type { Quotas } from './quotas.ts';
import type { Registry } from './registry.ts';
import type { SoundFiles } from './sound-files.ts';
import type { StandingKeeper } from './standing/keeper.ts';

/** The part of SIP's door that call control uses to place calls. */
export interface CallPlacer {
  invite(options: InviteOptions): OutgoingCall;
  /** What another process had: a dialog goes on, what was not answered is ended. */
  restore(snapshot: DialogSnapshot, options?: { ownContact?: boolean }): Dialog;
  refuseLeft(left: LeftInvitation, status: number): void;
  cancelLeft(left: LeftCall, reason: Reason, rang?: boolean): void;
  /** Request-URI and way to a registered device. */
  routeTo(binding: Binding): Pick<InviteOptions, 'uri' | 'hops' | 'route' | 'pinned'>;
}

export type CallSettings = {
  /** Default realm of registered users, and of From where nothing better is known. */
  readonly domain: string;
  /** Our address as far ends know it: From and the hooks' fs_sip_address. */
  readonly sipAddress: string;
  readonly apiBaseUrl: string;
  /** Country of ringback and busy tones. */
  readonly toneCountry: string;
  /** A gateway that sends nothing at all for so long is passed over for the next, ms. */
  readonly gatewayTimeoutMs: number;
  /** Final response to a caller whose dial failed unanswered; undefined: the callee's or the outcome's. */
  readonly failedDialStatus: number | undefined;
  /** Final response when the first hook fails or answers with what is not valid. */
  readonly failedHookStatus: number;
  /** Most calls of this server; undefined: no limit but the machine's. */
  readonly maxCalls: number | undefined;
  readonly maxRecordingSeconds: number;
  /** Where recordings go. */
  readonly recordingsDir: string;
  /** An edge proxy that calls to carriers leave through, over UDP; undefined: they go straight there. */
  readonly outboundEdge?: { readonly address: string; readonly port: number } | undefined;
  /** Carriers that we register at know the edge by this, and are called through it; undefined: they know this node. */
  readonly edgeContact?: string | undefined;
  readonly node: string;
};

export type Services = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly trace: TraceChannel;
  readonly agent: CallPlacer;
  readonly media: MediaEngine;
  readonly studio: StudioEngine;
  readonly streams: Streams;
  readonly findStream: FindStream;
  readonly hooks: Hooks;
  readonly alerts: Alerts;
  readonly directory: Directory;
  readonly live: LiveStore;
  readonly store: Pick<Store, 'appendCdr'>;
  readonly settings: CallSettings;
  readonly registry: Registry;
  readonly pacers: CarrierPacers;
  readonly quotas: Quotas;
  /** Whether there is room for a call that REST places; SIP asks by itself. */
  readonly door: Door;
  readonly refusals: Refusals;
  readonly standing: StandingKeeper;
  readonly sounds: SoundFiles;
  readonly speech: Speech;
  /** What is wrong with the body of a command (the rules of PUT Calls), a sentence each. */
  readonly updateFaults: (body: Readonly<Record<string, unknown>>) => readonly string[];
  /** Places a call as POST Calls does, by the same rules. */
  readonly place: (accountSid: string, body: Readonly<Record<string, unknown>>) => Promise<ControlResult>;
  /** False while a watched gateway does not answer. */
  readonly gatewayUp: (gatewaySid: string) => boolean;
  /** The same of a gateway of Microsoft Teams, by its host and port, as the SBC of this name sees it. */
  readonly teamsGatewayUp: (sbcFqdn: string, gateway: string) => boolean;
};
