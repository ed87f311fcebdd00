/** The way out to customers' applications: HTTP now, WebSocket beside it. */
import type { ControlResult } from './control.ts';
import type { HookTarget } from './provisioning.ts';

/** A hook as a verb names it: a path or URL, or an object with its own method and credentials. */
export type HookRef = string | HookTarget;

/** Which account and application a link speaks for. */
export type AppContext = {
  readonly accountSid: string;
  readonly callSid: string;
  /** secret: signs every request. */
  readonly webhookSecret: string;
  /** Relative hooks resolve against this; its credentials go to its origin only. */
  readonly base: HookTarget | undefined;
  readonly traceId: string;
};

/** Why a hook gave no usable answer. */
export type HookFault = {
  readonly ok: false;
  readonly kind:
    | 'connection'
    | 'timeout'
    | 'status'
    | 'not-found'
    | 'auth'
    | 'too-large'
    | 'not-json'
    | 'address-refused'
    | 'bad-url'
    | 'closed';
  readonly status?: number;
  readonly url: string;
  readonly message: string;
};
/** `body` is the parsed JSON, undefined when the answer was empty or 204. */
export type HookAnswer =
  | { readonly ok: true; readonly status: number; readonly body: unknown; readonly url: string }
  | HookFault;

/** What a WebSocket application asks of its call by itself. reference.md 3.3. */
export type AppCommand = {
  /** redirect, call:status, mute:status … */
  readonly command: string;
  readonly data: unknown;
  /** The leg meant; undefined: the call that runs the application. */
  readonly callSid: string | undefined;
  /** Of redirect: the verbs are added to those that wait, instead of replacing them. */
  readonly queue: boolean;
  /** A command that comes again with the same key is not done again. */
  readonly key?: string | undefined;
};

/** A message that went to a WebSocket application, as REST tells of it. */
export type AppEvent = {
  /** Counts from 1, without gaps, over the whole call. */
  readonly seq: number;
  /** The msgid on the socket; the same over all deliveries. */
  readonly id: string;
  readonly type: string;
  readonly hook?: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly acknowledged: boolean;
  readonly data: unknown;
};
/** `lost`: how many events after the one asked for are no longer kept. */
export type AppEvents = { readonly events: readonly AppEvent[]; readonly last: number; readonly lost: number };

/** One call's link to its application. Faults raise the alert themselves; the caller decides what the call does. */
export interface AppLink {
  /** Does the application stay in control when its verbs have run out? True while its WebSocket lives or is being won back. */
  readonly waits: boolean;
  /** What relative hooks resolve against. */
  readonly base: HookTarget | undefined;
  /** Call states go to the application without a status hook too: it has a WebSocket. */
  readonly takesStatus: boolean;
  /** Who carries commands out, and who hears that the WebSocket is gone for good (`waits` is false from then on). */
  control(handlers: {
    command: (command: AppCommand) => ControlResult | Promise<ControlResult>;
    gone: () => void;
  }): void;
  /** Tells a WebSocket application what it did wrong (jambonz:error); others read it in the alert. */
  complain(what: Readonly<Record<string, unknown>>): void;
  /** Asks and waits: call_hook, actionHook, confirmHook, redirect. `type` as in reference.md 3.3 (session:new, verb:hook …). */
  request(hook: HookRef, type: string, payload: Readonly<Record<string, unknown>>): Promise<HookAnswer>;
  /** Tells: call status, dtmf. In order a link; returns at once; each is delivered or given up on its own. */
  notify(hook: HookRef, type: string, payload: Readonly<Record<string, unknown>>): void;
  /** Lets what is queued go out, then forgets the link. A WebSocket is closed: 1000, or 1001 after a `fault` of the
   * application's. */
  close(why?: 'fault'): void;
}

/** A file of which we have a copy, as HTTP identifies it (RFC 9110 §8.8). `url`: what it came from in the end. */
export type KnownFile = { readonly url: string; readonly etag?: string; readonly lastModified?: string };

/** What HTTP says of how long an answer may be kept (RFC 9111 §5). */
export type CacheHints = {
  readonly cacheControl?: string;
  readonly expires?: string;
  readonly date?: string;
  readonly age?: string;
};

/** `status` 304: the copy is still good, and there is no body. */
export type Fetched = {
  readonly ok: true;
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
  readonly known: KnownFile;
  readonly cache: CacheHints;
};

/** Takes a file as it comes in, instead of all of it at the end. */
export interface FileSink {
  /** The answer is 200 and its body follows. `bytes`: how long it says it is. */
  begin(flow: FileFlow, bytes: number | undefined): void;
  data(chunk: Buffer): void;
}

/** Steers what comes into a sink. */
export type FileFlow = {
  readonly pause: () => void;
  readonly resume: () => void;
  readonly abort: (why: string) => void;
};

/** Where a file goes as it comes; it may take as long as `wholeMs`, but pause no longer than `idleMs`. */
export type FetchInto = { readonly sink: FileSink; readonly idleMs: number; readonly wholeMs: number };

export interface Hooks {
  open(context: AppContext): AppLink;
  /** A url a customer gave for media or hooks: resolved once and checked against the address rules. With `known` only
   * what has changed is sent. `into` takes the body, which is then not in the answer; `timeoutMs` is up to its beginning. */
  fetch(
    url: string,
    options: {
      maxBytes: number;
      accountSid: string;
      timeoutMs: number;
      maxRedirects: number;
      known?: KnownFile;
      into?: FetchInto;
    },
  ): Promise<Fetched | HookFault>;
  /** What a call's WebSocket application was told after event `after`, oldest first; undefined: no such call is kept. */
  events(accountSid: string, callSid: string, after: number): AppEvents | undefined;
  /** Requests, notifications and WebSockets not finished yet. */
  pending(): number;
  close(): Promise<void>;
}
