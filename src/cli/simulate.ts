/** `graine simulate`: simulated callees in the foreground, until a signal or the end of --for. */
import { type Clock, messageOf, type Timer } from '../base/index.ts';
import { Phone, type PhoneEvent } from '../testing/index.ts';
import { CliError } from './client.ts';
import { type Io, visible } from './io.ts';
import { type Given, type Login, readCallee, readSimulated, withShared, type Simulated } from './simulated.ts';

export type SimulateOptions = {
  readonly callee?: readonly string[];
  readonly seed?: string;
  readonly for?: string;
  readonly json?: boolean;
  /** Everything else: options that a callee may have too, and that hold for all where they stand alone. */
  readonly shared: Given;
};

/** How long a registration is asked to hold, s. */
const registered = 300;

type Line = { readonly event: string; readonly phone: string; readonly at?: number } & Readonly<
  Record<string, unknown>
>;

export async function simulateCallees(options: SimulateOptions, io: Io): Promise<number> {
  const seed = wholeNumber('seed', options.seed);
  const seconds = wholeNumber('for', options.for);
  const wanted = calleesOf(options);
  const print = (line: Line): void => io.out(options.json === true ? asJson(line, io.clock) : asText(line, io.clock));
  const running: Phone[] = [];
  const timers = new Set<Timer>();
  try {
    for (const [n, each] of wanted.entries()) {
      const phone = await listen(each, seed === undefined ? undefined : seed + n);
      running.push(phone);
      phone.events.follow(print);
      print({ event: 'ready', phone: phone.name, uri: phone.uri, seed: phone.seed });
      if (each.login !== undefined) await keepRegistered(phone, each.login, { print, timers, clock: io.clock });
    }
    await untilSignal(seconds, { timers, clock: io.clock });
    return 0;
  } finally {
    for (const timer of timers) timer.cancel();
    await Promise.all(running.map((phone, n) => leave(phone, wanted[n]?.login, io.clock)));
  }
}

function calleesOf({ callee = [], shared }: SimulateOptions): readonly Simulated[] {
  if (callee.length > 100) throw new CliError('--callee: there may be 100; start another graine simulate for more');
  const all = callee.length === 0 ? [shared] : callee.map((text) => withShared(readCallee(text), shared));
  const read = all.map(readSimulated);
  if (callee.length < 2) return read;
  // Each listens on a port of its own: those that share --listen, one above the other.
  return read.map((each, n) => {
    const shares = !/(^|,)\s*listen=/.test(callee[n] ?? '') && each.port !== 0;
    return shares ? { ...each, port: each.port + n } : each;
  });
}

async function listen(each: Simulated, seed: number | undefined): Promise<Phone> {
  const { login: _, srtp, ...options } = each;
  const { name, address, port } = options;
  const chance = seed === undefined ? {} : { seed };
  try {
    return await Phone.listen({ ...options, ...(srtp === undefined ? {} : { srtp }), remembers: false, ...chance });
  } catch (fault) {
    throw new CliError(
      `--listen: ${name} cannot listen on ${address}:${port} (${messageOf(fault)}); take another port, or 0`,
    );
  }
}

type Waiting = { readonly timers: Set<Timer>; readonly clock: Clock };
type Keeping = Waiting & { readonly print: (line: Line) => void };

/** Registers, and again at half of the time granted. The first refusal ends it all; a later one is told and tried again. */
async function keepRegistered(phone: Phone, login: Login, { print, timers, clock }: Keeping): Promise<void> {
  const again = async (): Promise<void> => {
    const answer = await phone.register(login.server, { ...login, expires: registered });
    const { status } = answer;
    if (status >= 300)
      throw new CliError(`--register: the server said ${answer.title}; check user, password and realm`);
    print({ event: 'registered', phone: phone.name, user: login.username, realm: login.realm });
    plan();
  };
  const plan = (): void => {
    const timer = clock.after(registered * 500, `phone ${phone.name} registration`, () => {
      timers.delete(timer);
      again().catch((fault: unknown) => {
        print({ event: 'unregistered', phone: phone.name, why: firstLine(fault) });
        plan();
      });
    });
    timers.add(timer);
  };
  const { host, port } = login.server;
  await again().catch((fault: unknown) => {
    if (fault instanceof CliError) throw fault;
    throw new CliError(`--server: nothing answers at ${host}:${port}; start the server, or name where it is`);
  });
}

/** Hangs up, removes its registration, and closes; a server that is gone keeps nobody waiting for long. */
async function leave(phone: Phone, login: Login | undefined, clock: Clock): Promise<void> {
  await phone.hangsUpAll();
  if (login !== undefined) {
    const gone = phone.unregister(login.server, login).catch(() => {});
    await new Promise<void>((resolve) => {
      const limit = clock.after(1000, `phone ${phone.name} leaves`, resolve);
      void gone.then(() => {
        limit.cancel();
        resolve();
      });
    });
  }
  await phone.close();
}

function untilSignal(seconds: number | undefined, { timers, clock }: Waiting): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      process.off('SIGINT', done).off('SIGTERM', done);
      resolve();
    };
    process.on('SIGINT', done).on('SIGTERM', done);
    if (seconds !== undefined) timers.add(clock.after(seconds * 1000, 'simulate --for', done));
  });
}

function wholeNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text) || (option === 'for' && Number(text) > 2_000_000))
    throw new CliError(
      `--${option}: '${text}' is no whole number${option === 'for' ? ' of seconds up to 2000000' : ''}; give one`,
    );
  return Number(text);
}

function firstLine(fault: unknown): string {
  return messageOf(fault).split('\n')[0] ?? '';
}

function asJson({ at, ...rest }: Line | PhoneEvent, clock: Clock): string {
  return JSON.stringify({ at: new Date(at ?? clock.now()).toISOString(), ...rest });
}

/** `12:00:01.234  bob  message  spokenMs 1200  lastedMs 3000` */
function asText({ at, phone, event, ...rest }: Line, clock: Clock): string {
  const shown = Object.entries(rest).filter(([key]) => key !== 'call');
  const details = shown.map(([key, value]) => `${key} ${String(value)}`);
  return visible([new Date(at ?? clock.now()).toISOString().slice(11, 23), phone, event, ...details].join('  '));
}
