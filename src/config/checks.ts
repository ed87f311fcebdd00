/** What the schema alone cannot say: values with a grammar, names that must exist, names that must differ. */
import { isIP } from 'node:net';
import { type Fault, nearest } from './faults.ts';
import { checkAskedClients, checkClientCertificate, checkPeers, type Complain } from './gateway-tls.ts';
import type { Raw, RawAccount } from './schema.ts';
import { checkSpeech } from './speech.ts';
import {
  edgesIn,
  isHost,
  isNetwork,
  type Listener,
  parseBase,
  parseListener,
  parsePlace,
  parsePorts,
} from './values.ts';

/** Of what nodes sign with: nobody is to guess it. */
const shortestSecret = 32;

/** Checks every section whose shape is sound; a broken one is told of by its own faults. */
export function check(raw: Raw, lines: ReadonlyMap<string, number>, broken: readonly string[]): Fault[] {
  const faults: Fault[] = [];
  const complain: Complain = (path, message) => faults.push({ line: lineOf(lines, path), path, message });
  const sound = (...sections: string[]): boolean => !sections.some((each) => covers(broken, each));
  if (sound('sip')) checkSip(raw, complain);
  if (sound('media')) checkMedia(raw, complain);
  if (sound('sip', 'http')) checkHttp(raw, complain);
  if (sound('store', 'live')) checkUrls(raw, complain);
  if (sound('speech')) checkSpeech(raw.speech, complain);
  if (sound('accounts', 'sip')) {
    const names = raw.accounts.map((each) => each.name);
    distinct(names, 'accounts', 'name', complain);
    distinctRealms(raw, complain);
    if (sound('http')) checkPeople(raw, complain);
  }
  if (sound('accounts')) checkPeers(raw.accounts, complain);
  if (sound('accounts', 'sip')) checkAskedClients(raw, complain);
  const accounts = broken.includes('') || broken.includes('accounts') ? [] : raw.accounts;
  for (const [i, account] of accounts.entries())
    if (sound(`accounts[${i}]`)) checkAccount(account, `accounts[${i}]`, complain);
  return faults;
}

/** Is the section, something in it, or something around it broken? */
export function covers(broken: readonly string[], section: string): boolean {
  const inside = (part: string, whole: string): boolean =>
    part.startsWith(whole) && (whole === '' || part.length === whole.length || '.['.includes(part[whole.length] ?? ''));
  return broken.some((each) => inside(each, section) || inside(section, each));
}

function lineOf(lines: ReadonlyMap<string, number>, path: string): number {
  // A key may hold anything, dots and brackets too: what is no step is one letter less.
  for (let at = path; at !== ''; at = at.replace(/(?:^|\.)[^.[]+$|\[\d+\]$|.$/s, '')) {
    const line = lines.get(at);
    if (line !== undefined) return line;
  }
  return 0;
}

function checkEdges(sip: Raw['sip'], complain: Complain): void {
  for (const each of edgesIn(sip.outbound_edge))
    if (isIP(parsePlace(each, 5060)?.address ?? '') === 0)
      complain('sip.outbound_edge', `'${each}': expected address:port of the edge, such as 10.0.0.5:5060`);
  if (sip.edge_contact !== undefined) {
    const [, v6 = '', host = ''] = /^(?:\[(.+)\]|([^:]+))(?::\d{1,5})?$/.exec(sip.edge_contact) ?? [];
    if (isIP(v6) !== 6 && !isHost(host)) complain('sip.edge_contact', 'expected host[:port], such as sip.example.com');
    else if (sip.outbound_edge === undefined)
      complain('sip.edge_contact', 'needs sip.outbound_edge: what is registered there must leave there');
  }
}

function checkSip({ sip }: Raw, complain: Complain): void {
  const listeners = sip.listen.map(parseListener);
  listeners.forEach((listener, i) => {
    if (listener === undefined)
      complain(`sip.listen[${i}]`, 'expected transport://address:port, such as udp://0.0.0.0:5060, with an IP address');
  });
  distinct(
    listeners.map((each, i) => socketOf(each) ?? `${i}`),
    'sip.listen',
    '',
    complain,
  );
  const needs = listeners.find((each) => each?.transport === 'tls' || each?.transport === 'wss');
  if (needs !== undefined && sip.tls === undefined)
    complain('sip.listen', `a ${needs.transport} listener needs sip.tls`);
  distinct(
    (sip.tls?.domains ?? []).map((each) => each.name.toLowerCase()),
    'sip.tls.domains',
    'name',
    complain,
  );
  sip.ws.origins.forEach((each, i) => {
    if (!URL.canParse(each) || new URL(each).origin !== each.toLowerCase())
      complain(`sip.ws.origins[${i}]`, 'expected scheme://host[:port], such as https://phone.example.test');
  });
  if (sip.advertise !== undefined && isIP(sip.advertise) === 0) complain('sip.advertise', 'expected an IP address');
  if (sip.domain !== undefined && !isHost(sip.domain)) complain('sip.domain', 'expected a host name or an IP address');
  sip.teams.sources.forEach((each, i) => {
    if (!isNetwork(each)) complain(`sip.teams.sources[${i}]`, 'expected an address or a network such as 192.0.2.0/24');
  });
  sip.edges.forEach((each, i) => {
    if (!isNetwork(each)) complain(`sip.edges[${i}]`, 'expected an address or a network such as 192.0.2.0/24');
  });
  checkEdges(sip, complain);
  sip.ban.never.forEach((each, i) => {
    if (!isNetwork(each)) complain(`sip.ban.never[${i}]`, 'expected an address or a network such as 192.0.2.0/24');
  });
  const { min_expires_seconds: least, max_expires_seconds: most } = sip.registrar;
  if (least > most) complain('sip.registrar.min_expires_seconds', `must not exceed max_expires_seconds, ${most}`);
}

/** What only one listener may have: ws, tls and tcp all take a TCP port. Port 0 never clashes. */
function socketOf(listener: Listener | undefined): string | undefined {
  if (listener === undefined || listener.port === 0) return undefined;
  return `${listener.transport === 'udp' ? 'udp' : 'tcp'} ${listener.address}:${listener.port}`;
}

/** An e-mail address says who signs in, on the whole server. */
function checkPeople({ http, accounts }: Raw, complain: Complain): void {
  const people = [
    ...http.users.map((user, i) => ({ user, at: `http.users[${i}]` })),
    ...accounts.flatMap((account, a) => account.users.map((user, i) => ({ user, at: `accounts[${a}].users[${i}]` }))),
  ];
  const first = new Map<string, string>();
  for (const { user, at } of people) {
    const email = user.email.toLowerCase();
    const before = first.get(email);
    if (before !== undefined) complain(`${at}.email`, `'${email}' is there already, at ${before}`);
    else first.set(email, at);
    if (!/^[^\s@]{1,64}@[^\s@]{1,189}$/.test(email)) complain(`${at}.email`, 'expected an e-mail address');
    if (user.password.length < 10) complain(`${at}.password`, 'expected at least 10 characters');
  }
  http.origins.forEach((each, i) => {
    if (!URL.canParse(each) || new URL(each).origin !== each.toLowerCase())
      complain(`http.origins[${i}]`, 'expected scheme://host[:port], such as https://voice.example.test');
  });
  http.trusted_proxies.forEach((each, i) => {
    if (!isNetwork(each))
      complain(`http.trusted_proxies[${i}]`, 'expected an address or a network such as 192.0.2.0/24');
  });
}

function checkHttp({ sip, http }: Raw, complain: Complain): void {
  if (http.public_url !== undefined && parseBase(http.public_url) === undefined) {
    const form = 'expected scheme://host[:port][/path], http or https, such as https://voice.example.test';
    complain('http.public_url', `${form}, without user, query or fragment`);
  }
  const place = parsePlace(http.listen, 3000);
  if (place === undefined) {
    complain('http.listen', 'expected address:port, such as 127.0.0.1:3000');
    return;
  }
  const { node_url: url } = http;
  if (url !== undefined && !/^https?:\/\/[^/?#@\s]+\/?$/.test(url))
    complain('http.node_url', 'expected http(s)://host:port and nothing behind it, such as http://10.0.0.5:3000');
  else if (url !== undefined && !URL.canParse(url)) complain('http.node_url', 'is no URL');
  const clash = sip.listen.findIndex((each) => {
    const socket = socketOf(parseListener(each));
    return socket !== undefined && socket === socketOf({ transport: 'tcp', ...place });
  });
  if (clash >= 0) complain('http.listen', `sip.listen[${clash}] has this port already`);
}

function checkMedia({ media }: Raw, complain: Complain): void {
  if (parsePorts(media.ports) === undefined) {
    complain('media.ports', 'expected first-last, such as 40000-49999: from 1024 to 65535, at least 4 ports');
  }
  if (media.address !== undefined && isIP(media.address) === 0) complain('media.address', 'expected an IP address');
  if (media.engine === 'rtpengine' && media.rtpengine.length === 0)
    complain('media.engine', 'rtpengine needs media.rtpengine');
  media.rtpengine.forEach((each, i) => {
    const [, place = '', weight = '1'] = /^udp:\/\/([^?]+)(?:\?weight=(\d{1,3}))?$/.exec(each) ?? [];
    const parsed = parsePlace(place, 22_222);
    if (parsed === undefined || isIP(parsed.address) === 0 || Number(weight) < 1 || Number(weight) > 100) {
      complain(`media.rtpengine[${i}]`, 'expected udp://address:port, an IP address, then ?weight=1 to 100 or nothing');
    }
  });
}

function checkUrls({ store, live }: Raw, complain: Complain): void {
  if (!/^(memory:$|file:.|postgres(ql)?:\/\/.)/.test(store.url)) {
    complain('store.url', 'expected file:./folder, memory: or postgres://user:password@host/database');
  }
  if (!/^(memory:$|rediss?:\/\/.)/.test(live.url)) complain('live.url', 'expected memory: or redis://host:6379');
  if (live.secret?.split(',').some((each) => each.trim().length < shortestSecret) === true)
    complain('live.secret', `expected at least ${shortestSecret} characters, such as openssl rand -hex 32 prints`);
}

function checkTeams(teams: NonNullable<RawAccount['teams']>, path: string, complain: Complain): void {
  for (const name of ['sbc_fqdn', 'tenant_fqdn'] as const)
    if (!isHost(teams[name])) complain(`${path}.${name}`, 'expected a host name');
  teams.gateways.forEach((each, i) => {
    const [, host = '', port = '5061'] = /^(.*?)(?::(\d{1,5}))?$/.exec(each) ?? [];
    if (!isHost(host) || Number(port) > 65_535) complain(`${path}.gateways[${i}]`, 'expected host:port');
  });
}

function checkAccount(account: RawAccount, path: string, complain: Complain): void {
  const applications = account.applications.map((each) => each.name);
  const carriers = account.carriers.map((each) => each.name);
  const known = (name: string | undefined, names: readonly string[], at: string, kind: string): void => {
    if (name === undefined || names.includes(name)) return;
    const close = nearest(name, names);
    const hint = close === undefined ? `known: ${names.join(', ') || 'none'}` : `did you mean '${close}'?`;
    complain(`${path}.${at}`, `no ${kind} is named '${name}' in this account; ${hint}`);
  };
  if (account.sip_realm !== undefined && !isHost(account.sip_realm))
    complain(`${path}.sip_realm`, 'expected a host name');
  known(account.device_calling_application, applications, 'device_calling_application', 'application');
  known(account.teams?.application, applications, 'teams.application', 'application');
  if (account.teams !== undefined) checkTeams(account.teams, `${path}.teams`, complain);
  distinct(applications, `${path}.applications`, 'name', complain);
  distinct(carriers, `${path}.carriers`, 'name', complain);
  account.clients.forEach(({ username }, i) => {
    if (!/^[A-Za-z0-9_.!~*+-]{1,64}$/.test(username))
      complain(`${path}.clients[${i}].username`, 'expected letters, digits and _ . ! ~ * + -, at most 64');
  });
  distinct(
    account.clients.map((each) => each.username),
    `${path}.clients`,
    'username',
    complain,
  );
  distinct(account.phone_numbers.map(numberKey), `${path}.phone_numbers`, 'number', complain);
  account.carriers.forEach((carrier, i) => {
    known(carrier.application, applications, `carriers[${i}].application`, 'application');
    checkGateways(carrier.gateways, `${path}.carriers[${i}].gateways`, complain);
  });
  account.phone_numbers.forEach((number, i) => {
    known(number.carrier, carriers, `phone_numbers[${i}].carrier`, 'carrier');
    known(number.application, applications, `phone_numbers[${i}].application`, 'application');
    if (!/^\+?\d{0,20}\*?$/.test(number.number) || number.number === '' || number.number === '+') {
      complain(`${path}.phone_numbers[${i}].number`, 'expected digits with an optional + before and * after');
    }
  });
  checkHooks(account, path, complain);
}

function numberKey(number: RawAccount['phone_numbers'][number]): string {
  return `${number.number.replace(/^\+/, '')}${number.carrier === undefined ? '' : ` of ${number.carrier}`}`;
}

function checkGateways(gateways: RawAccount['carriers'][number]['gateways'], path: string, complain: Complain): void {
  gateways.forEach((gateway, i) => {
    const family = isIP(gateway.host);
    if (!isHost(gateway.host)) complain(`${path}[${i}].host`, 'expected an IP address or a host name');
    if (family === 0 && gateway.netmask !== 32)
      complain(`${path}[${i}].netmask`, 'expected 32, or an address as host: a name stands for single addresses');
    else if (gateway.netmask > 32 && family !== 6) complain(`${path}[${i}].netmask`, 'expected at most 32');
    if (gateway.netmask < 8 && gateway.inbound) {
      complain(
        `${path}[${i}].netmask`,
        'expected at least 8: a shorter one lets the whole internet in as this carrier',
      );
    }
    const { tls } = gateway;
    if (tls !== undefined && gateway.protocol !== 'tls') complain(`${path}[${i}].tls`, 'needs protocol: tls');
    if ((tls?.client_cert === undefined) !== (tls?.client_key === undefined))
      complain(`${path}[${i}].tls`, 'client_cert and client_key belong together');
    if (tls !== undefined) checkClientCertificate(tls, `${path}[${i}].tls`, complain);
  });
  distinct(
    gateways.map((each) => `${each.protocol} ${each.host}:${each.port ?? ''}/${each.netmask}`),
    path,
    '',
    complain,
  );
}

function checkHooks(account: RawAccount, path: string, complain: Complain): void {
  const absolute = (hook: string | { url: string } | undefined, at: string): void => {
    if (hook === undefined) return;
    const url = typeof hook === 'string' ? hook : hook.url;
    if (/^(https?|wss?):\/\//i.test(url) && URL.canParse(url)) return;
    complain(`${path}.${at}`, 'expected an absolute http, https, ws or wss URL');
  };
  absolute(account.registration_hook, 'registration_hook');
  account.applications.forEach((application, i) => {
    absolute(application.call_hook, `applications[${i}].call_hook`);
    absolute(application.call_status_hook, `applications[${i}].call_status_hook`);
    absolute(application.fallback_hook, `applications[${i}].fallback_hook`);
    if (application.call_hook === undefined && application.app_json === undefined) {
      complain(`${path}.applications[${i}]`, 'needs call_hook or app_json: it would not know what to do with a call');
    }
  });
}

/** Whoever has none has that of the server: one account may. */
function distinctRealms({ accounts, sip }: Raw, complain: Complain): void {
  const first = new Map<string, number>();
  accounts.forEach(({ sip_realm: own }, i) => {
    const realm = (own ?? sip.domain ?? 'the default realm').toLowerCase();
    const before = first.get(realm);
    if (before === undefined) first.set(realm, i);
    else if (own !== undefined)
      complain(`accounts[${i}].sip_realm`, `'${own}' is there already, at accounts[${before}]`);
    else
      complain(
        `accounts[${i}].sip_realm`,
        `is missing: the realm of the server, sip.domain, is that of accounts[${before}] already`,
      );
  });
}

/** Complains of every value that an earlier entry has already. */
function distinct(values: readonly string[], path: string, key: string, complain: Complain): void {
  const first = new Map<string, number>();
  values.forEach((value, i) => {
    const before = first.get(value);
    const at = `${path}[${i}]${key === '' ? '' : `.${key}`}`;
    if (before === undefined) first.set(value, i);
    else complain(at, `'${value}' is there already, at ${path}[${before}]`);
  });
}
