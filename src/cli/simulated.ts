/** What `graine simulate` is asked to be: each option read, or refused with its fix. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../base/index.ts';
import {
  type AnswerScript,
  type Behaviour,
  phones,
  type PhoneTls,
  type SrtpSuite,
  srtpSuiteNames,
  type Transport,
  wavSamples,
} from '../testing/index.ts';
import { CliError } from './client.ts';

/** The options of one callee, as they were given: seconds, Hz, shares, file names. */
export type Given = Readonly<Record<string, string>>;

export type Login = {
  readonly username: string;
  readonly password: string;
  readonly realm: string;
  readonly server: { readonly host: string; readonly port: number };
};

export type Simulated = {
  readonly name: string;
  readonly transport: Transport;
  readonly tls: PhoneTls;
  /** Undefined: its audio is in the clear. */
  readonly srtp: SrtpSuite | undefined;
  readonly address: string;
  readonly port: number;
  readonly loss: number;
  readonly onInvite: Behaviour;
  readonly login: Login | undefined;
};

/** The behaviours, and which options each takes. */
const takes: Readonly<Record<string, readonly string[]>> = {
  answers: ['after', 'tone', 'wav', 'keys', 'keys-by', 'keys-after', 'hangs-up-after'],
  busy: ['after'],
  declines: ['after', 'status'],
  rings: [],
  silent: [],
  early: ['after', 'tone'],
  voicemail: ['after', 'greeting', 'beep', 'beep-ms', 'listens'],
};
/** What every callee may say, whatever it does. */
const always = [
  'name',
  'behaviour',
  'listen',
  'loss',
  'register',
  'server',
  'cert',
  'key',
  'ca',
  'server-name',
  'srtp',
];
/** All keys of --callee, in the order of the help. */
export const calleeKeys: readonly string[] = [...always, ...new Set(Object.values(takes).flat())];
export const behaviourNames: readonly string[] = Object.keys(takes);

/** `name=bob,behaviour=voicemail,…` as its parts. */
export function readCallee(text: string): Given {
  const given: Record<string, string> = {};
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    const key = part.slice(0, Math.max(at, 0)).trim();
    if (!calleeKeys.includes(key))
      throw new CliError(
        `--callee: '${part}' is no part of it; write key=value, with the keys ${calleeKeys.join(', ')}`,
      );
    given[key] = part.slice(at + 1);
  }
  return given;
}

/** What stands beside --callee holds for every callee that has a use for it and says nothing else. */
export function withShared(own: Given, shared: Given): Given {
  const known = takes[own['behaviour'] ?? shared['behaviour'] ?? 'answers'] ?? [];
  const fitting = Object.entries(shared).filter(([key]) => always.includes(key) || known.includes(key));
  return { ...Object.fromEntries(fitting), ...own };
}

/** One callee of its options; `n` counts them from 0. */
export function readSimulated(given: Given, n: number): Simulated {
  const behaviour = given['behaviour'] ?? 'answers';
  const known = takes[behaviour];
  if (known === undefined)
    throw new CliError(`--behaviour: there is no '${behaviour}'; take one of ${behaviourNames.join(', ')}`);
  for (const key of Object.keys(given)) {
    if (always.includes(key) || known.includes(key)) continue;
    const fitting = behaviourNames.filter((name) => takes[name]?.includes(key));
    throw new CliError(
      `--${key}: '${behaviour}' has no use for it; leave it out, or take --behaviour ${fitting.join(' or ')}`,
    );
  }
  const login = readLogin(given);
  const listens = readListen(given['listen']);
  const { transport } = listens;
  if ((transport === 'ws' || transport === 'wss') && login === undefined)
    throw new CliError(
      `--listen: over ${transport} nobody can call it before it connects; add --register and --server`,
    );
  const name = given['name'] ?? login?.username ?? `callee${n + 1}`;
  if (!/^[\w.+-]{1,64}$/.test(name))
    throw new CliError(`--name: '${name}' is no user of a SIP URI; take letters, digits and . _ + -`);
  return {
    name,
    ...listens,
    tls: readTls(given, transport),
    srtp: readSuite(given['srtp']),
    loss: number(given, 'loss', [0, 1]) ?? 0,
    onInvite: act(behaviour, given),
    login,
  };
}

function act(behaviour: string, given: Given): Behaviour {
  const after = ms(given, 'after', behaviour === 'answers' ? 1 : 0);
  const status = number(given, 'status', [300, 699]) ?? 603;
  const tone = number(given, 'tone', [20, 3900]);
  switch (behaviour) {
    case 'busy':
      return phones.busy(after);
    case 'declines':
      return phones.declines(Math.round(status), undefined, after);
    case 'rings':
      return phones.ringsForEver();
    case 'silent':
      return phones.ignores();
    case 'early':
      return phones.earlyMedia(tone ?? 440, given['after'] === undefined ? undefined : after);
    case 'voicemail':
      return phones.voicemail({
        after,
        greeting: readGreeting(given['greeting']),
        beep: { hz: number(given, 'beep', [20, 3900]) ?? 1000, ms: number(given, 'beep-ms', [20, 10_000]) ?? 400 },
        listensFor: ms(given, 'listens', 120),
      });
    default:
      return phones.answersAfter(after, answerScript(given, tone));
  }
}

function answerScript(given: Given, tone: number | undefined): AnswerScript {
  const { keys, wav } = given;
  const by = given['keys-by'] ?? 'rtp';
  if (by !== 'rtp' && by !== 'info') throw new CliError(`--keys-by: '${by}' is no way to press keys; take rtp or info`);
  if (keys !== undefined && !/^[0-9*#A-D]{1,100}$/i.test(keys))
    throw new CliError(`--keys: '${keys}' has what no phone has; take 0 to 9, *, #, A to D, at most 100`);
  if (tone !== undefined && wav !== undefined)
    throw new CliError('--tone and --wav: it can speak one of them; leave one out');
  return {
    ...(tone === undefined ? {} : { tone }),
    ...(wav === undefined ? {} : { speech: readSound('wav', wav) }),
    ...(keys === undefined ? {} : { keys, keysBy: by, keysAfter: ms(given, 'keys-after', 0) }),
    ...(given['hangs-up-after'] === undefined ? {} : { hangsUpAfter: ms(given, 'hangs-up-after', 0) }),
  };
}

/** A WAV, or so many seconds of a murmur. */
function readGreeting(text: string | undefined): Int16Array | number {
  if (text === undefined) return 4000;
  return /^\d+(\.\d+)?$/.test(text) ? ms({ greeting: text }, 'greeting', 0) : readSound('greeting', text);
}

function readSound(option: string, file: string): Int16Array {
  try {
    return wavSamples(file);
  } catch (fault) {
    throw new CliError(`--${option}: ${messageOf(fault)}`);
  }
}

function number(given: Given, option: string, [least, most]: readonly [number, number]): number | undefined {
  const text = given[option];
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= least && value <= most) return value;
  throw new CliError(`--${option}: '${text}' is no number from ${least} to ${most}; give one`);
}

/** Seconds, as milliseconds. */
function ms(given: Given, option: string, seconds: number): number {
  return 1000 * (number(given, option, [0, 86_400]) ?? seconds);
}

/** `udp://127.0.0.1:5090`; port 0 takes a free one. */
function readListen(text = 'udp://127.0.0.1:0'): Pick<Simulated, 'transport' | 'address' | 'port'> {
  const found = /^(udp|tcp|tls|ws|wss):\/\/(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})$/i.exec(text);
  const port = Number(found?.[4]);
  if (found === null || port > 65_535)
    throw new CliError(`--listen: '${text}' is no address to listen on; write it like udp://127.0.0.1:5090`);
  return { transport: found[1]?.toLowerCase() as Transport, address: found[2] ?? found[3] ?? '', port };
}

/** A phone over TLS that registers needs no certificate: it is called over its own connection. */
function readTls(given: Given, transport: Transport): PhoneTls {
  const used = Object.keys(given).find((key) => ['cert', 'key', 'ca', 'server-name'].includes(key));
  if (transport !== 'tls' && transport !== 'wss') {
    if (used === undefined) return {};
    throw new CliError(`--${used}: there is no TLS over ${transport}; take --listen tls:// or wss://`);
  }
  const [cert, key, ca] = ['cert', 'key', 'ca'].map((option) => readPem(option, given[option]));
  if ((cert === undefined) !== (key === undefined)) throw new CliError('--cert and --key: they belong together');
  if (transport === 'tls' && cert === undefined && given['register'] === undefined)
    throw new CliError('--listen: over TLS it must show a certificate; add --cert and --key');
  const servername = given['server-name'];
  return {
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(ca === undefined ? {} : { ca }),
    ...(servername === undefined ? {} : { servername }),
  };
}

function readPem(option: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    const text = readFileSync(file, 'utf8');
    if (text.includes('-----BEGIN ')) return text;
  } catch (fault) {
    throw new CliError(`--${option}: ${messageOf(fault)}`);
  }
  throw new CliError(`--${option}: ${file} is no PEM file; give one`);
}

function readSuite(text: string | undefined): SrtpSuite | undefined {
  const suite = srtpSuiteNames.find((each) => each === text?.toUpperCase());
  if (text === undefined || suite !== undefined) return suite;
  throw new CliError(`--srtp: there is no suite '${text}'; take one of ${srtpSuiteNames.join(', ')}`);
}

/** `user:password@realm`, and the server to tell. The password may stand in GRAINE_SIMULATE_PASSWORD instead. */
function readLogin({ register, server }: Given): Login | undefined {
  if (register === undefined && server === undefined) return undefined;
  if (register === undefined)
    throw new CliError('--server: nobody registers there; add --register user:password@realm');
  const at = register.lastIndexOf('@');
  const [, username, , inline] = /^([^:]+)(:([^]*))?$/.exec(register.slice(0, Math.max(at, 0))) ?? [];
  const password = inline ?? process.env['GRAINE_SIMULATE_PASSWORD'];
  const realm = register.slice(at + 1);
  // The value is not repeated: it has a password.
  if (username === undefined || !/^[\w.-]+$/.test(realm))
    throw new CliError('--register: it has no user or no realm; write it like bob:secret@voice.example.test');
  if (password === undefined)
    throw new CliError('--register: it has no password; write user:password@realm, or set GRAINE_SIMULATE_PASSWORD');
  const place = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(server ?? '');
  const port = Number(place?.[3] ?? 5060);
  if (place === null || port < 1 || port > 65_535)
    throw new CliError('--register: it needs to know where; add --server host:port, like 127.0.0.1:5060');
  return { username, password, realm, server: { host: place[1] ?? place[2] ?? '', port } };
}
