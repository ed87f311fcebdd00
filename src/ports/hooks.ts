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
  /** The call goes on here, and with it the WebSocket of its application: it is dialled at once. */
  readonly conversation?: Conversation | undefined;
};

/** Where the conversation with a WebSocket application stands, as plain data for a process that goes on with it. */
export type Conversation = {
  /** What its session began with: `session:reconnect` says it again. */
  readonly session: Readonly<Record<string, unknown>>;
  /** The last number that a message was given. */
  readonly last: number;
  /** Told or asked, and not acknowledged. */
  readonly owed: readonly (Omit<AppEvent, 'acknowledged'> & { readonly asked: boolean })[];
  /** Commands that must not be done again. */
  readonly done: readonly DoneCommand[];
};

/** A command that had a key: which it was, and what came of it. */
export type DoneCommand = { readonly key: string; readonly digest: string; readonly result: ControlResult };

/** `id`: the same over all deliveries, whichever process makes them, so that an application knows a repetition. `again`:
 * another process has asked it. `patienceMs`: where the answer may take longer than the server's own limit. */
export type Delivery = {
  readonly id?: string | undefined;
  readonly again?: boolean | undefined;
  readonly patienceMs?: number | undefined;
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
  /** Undefined: no WebSocket application has the call. */
  readonly conversation: Conversation | undefined;
  /** Who carries commands out, who hears that the WebSocket is gone for good (`waits` is false from then on), and that
   * `conversation` is not what it was. */
  control(handlers: {
    command: (command: AppCommand) => ControlResult | Promise<ControlResult>;
    gone: () => void;
    moved?: () => void;
  }): void;
  /** Tells a WebSocket application what it did wrong (jambonz:error); others read it in the alert. */
  complain(what: Readonly<Record<string, unknown>>): void;
  /** Asks and waits: call_hook, actionHook, confirmHook, redirect. `type` as in reference.md 3.3 (session:new, verb:hook …). */
  request(
    hook: HookRef,
    type: string,
    payload: Readonly<Record<string, unknown>>,
    delivery?: Delivery,
  ): Promise<HookAnswer>;
  /** Tells: call status, dtmf. In order a link; returns at once; each is delivered or given up on its own. */
  notify(hook: HookRef, type: string, payload: Readonly<Record<string, unknown>>, id?: string): void;
  /** Lets what is queued go out, then forgets the link. A WebSocket is closed: 1000, or 1001 after a `fault` of the
   * application's; not a word where the call has `moved` to another node, which has the application now. */
  close(why?: 'fault' | 'moved'): void;
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
