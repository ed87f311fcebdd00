/** The composition root: makes every part, hands each what it needs, and takes them down in the opposite order. */
import os from 'node:os';
import path from 'node:path';
import { AuditTrail, Sessions, Softphones } from '../access/index.ts';
import { createApi, readPlacing, updateFaults } from '../api/index.ts';
import { GatheringTrace, type Log, setListenerFault, SystemClock, SystemRandom } from '../base/index.ts';
import {
  adoptCalls,
  CarrierPacers,
  carryOnAll,
  createControl,
  followMedia,
  followStreams,
  handleInvitation,
  letGoOf,
  Quotas,
  RecordingKeeper,
  RecordingShelf,
  Registry,
  type Services,
  SharedLimits,
  SoundFiles,
  StandingKeeper,
  Watch,
} from '../call/index.ts';
import { type Config, peopleOf, printConfig, provisioned, refuseUnbuilt } from '../config/index.ts';
import { createHooks, createStreamFinder, refuseAddress } from '../hooks/index.ts';
import { openLive } from '../live/index.ts';
import { Cluster, DeathWitness } from '../nodes/index.ts';
import { createLog, createMetrics, createTimelines, logCalls } from '../observe/index.ts';
import { createStreams } from '../streams/index.ts';
import { createSpeech } from '../speech/index.ts';
import { ensureAdminKey, openDirectory, openStore } from '../store/index.ts';
import { createScript } from '../verbs/index.ts';
import { createAlerts } from './alerts.ts';
import { CarrierUpkeep } from './carriers.ts';
import { byWay } from './detour.ts';
import { closingOf, openEarly } from './early.ts';
import { secretsOf, spoolFolder, traceFolder } from './folders.ts';
import { handOver, refuseHandOver } from './hand-over.ts';
import { createAdmission } from './load.ts';
import { createNews, TellingLive } from './news.ts';
import { putPeople } from './people.ts';
import { isOwnDoor, originOf, publicUrl } from './public-url.ts';
import { portalFolder, portalSip } from './portal.ts';
import { followServer, redisAway } from './server-alerts.ts';
import { openSip } from './sip.ts';
import { openStanding } from './standing.ts';
import { TeamsUpkeep } from './teams.ts';
import { refuseBadVerbs } from './verbs-in-file.ts';
import { version } from './version.ts';
import { hopOf, refuseNode, secretsIn, sipPlace } from './roster.ts';

/** A running server. One way to end it: stop(). */
export interface Server {
  readonly config: Config;
  /** Where SIP is received. */
  readonly sip: readonly { transport: string; address: string; port: number }[];
  readonly http: { readonly address: string; readonly port: number };
  /** The administrator's token when it was made just now; it is never shown again. */
  readonly adminToken: string | undefined;
  /** Are the portal's pages served? */
  readonly portal: boolean;
  /** New calls are refused from now on. Resolves when none is left, or after `drainSeconds`. */
  drain(drainSeconds?: number): Promise<void>;
  /** Reads certificates anew if their files have changed; that is also looked at every five seconds. */
  reload(): Promise<void>;
  stop(): Promise<void>;
  /** Leaves the calls that stand to the next start (`shutdown.hand_over`). The process has to exit when it resolves. */
  handOver(): Promise<void>;
  /** What is held right now: all zero in an idle server. For tests and `graine doctor`. */
  leaks(): Promise<{
    timers: string[];
    legs: number;
    sessions: number;
    dialogs: number;
    transactions: number;
    ports: number;
    hooks: number;
    streams: number;
  }>;
}

/** Starts everything. Rejects, with nothing left open, when a part cannot start. */
export async function startServer(config: Config, options: { log?: Log } = {}): Promise<Server> {
  refuseBadVerbs(config);
  refuseUnbuilt(config, { transports: ['udp', 'tcp', 'tls', 'ws', 'wss'] });
  const closers: (() => Promise<void> | void)[] = [];
  try {
    return await build(config, options, closers);
  } catch (fault) {
    for (const close of closers.toReversed()) await close();
    throw fault;
  }
}

// oxlint-disable-next-line max-lines-per-function -- the one place where all parts meet reads best as one list
async function build(config: Config, options: { log?: Log }, closers: (() => Promise<void> | void)[]): Promise<Server> {
  const clock = new SystemClock();
  const random = new SystemRandom();
  const trace = new GatheringTrace(clock);
  const log =
    options.log ?? createLog({ level: config.log.level, debugAreas: config.log.debug, pretty: config.log.pretty });
  setListenerFault((event, fault) => log.error({ event, fault: String(fault) }, 'a listener failed'));
  const node = `${os.hostname()}-${random.token(6)}`;

  const opening = openStore(config.store.url, {
    clock,
    log: log.child({ area: 'store' }),
    spoolRows: config.store.spool_rows,
    spoolFolder: spoolFolder(config),
    ...secretsOf(config),
  });
  const early = openEarly(config, { clock, random, log });
  closers.push(closingOf(early));
  const store = await opening;
  closers.push(() => store.close());
  const directory = await openDirectory(store, { clock, log });
  closers.push(() => directory.close());
  const { puts, stale } = provisioned(config, directory, random);
  await directory.putAll(puts);
  for (const { kind, sid } of stale) await directory.remove(kind, sid);
  await putPeople(peopleOf(config, directory), directory, clock);
  const adminToken = await ensureAdminKey(directory, { token: config.http.admin_token, random, clock });
  const news = createNews();
  const openedLive = await openLive(config.live.url, {
    clock,
    log,
    node,
    limits: { contacts: config.live.max_contacts, contactsPerAor: config.sip.registrar.max_contacts },
  });
  closers.push(() => openedLive.close());
  const live = new TellingLive(openedLive, news, directory);
  const nodes = new Cluster({
    clock,
    random,
    node,
    secrets: secretsIn(config.live.secret),
    live,
    refuse: refuseNode,
  });
  closers.push(() => nodes.close());

  const traceDir = traceFolder(config);
  const timelines = createTimelines({
    trace,
    clock,
    log,
    maxBytes: config.trace.max_bytes,
    maxSessions: config.trace.max_sessions,
    ...(traceDir === undefined ? {} : { dir: traceDir }),
  });
  closers.push(() => timelines.close());
  closers.push(logCalls(trace, log));

  const { here, left, media, workers } = await early;
  const kept = await openStanding({ config, clock, log }, { here, store, live: openedLive });
  const { calls: standing, shared, owner, clock: callClock } = kept;
  closers.push(() => standing.close());
  refuseHandOver(config, kept.written);

  const registry = new Registry();
  const metrics = createMetrics({ trace, media, registry });
  closers.push(() => metrics.close());
  const alerts = createAlerts({ clock, random, log, store, news, counted: (type) => metrics.alert(type) });
  followServer({ alerts, node, live, store, shared });
  const hooks = createHooks({
    clock,
    random,
    alerts,
    trace,
    version,
    timeoutSeconds: config.hooks.timeout_seconds,
    connectTimeoutMs: config.hooks.connect_timeout_seconds * 1000,
    allowPrivateAddresses: config.hooks.allow_private_addresses,
    maxBodyBytes: config.hooks.max_body_bytes,
    connectionsPerOrigin: config.hooks.connections_per_origin,
  });
  closers.push(() => hooks.close());
  const streams = createStreams({ clock, log: log.child({ area: 'streams' }) });
  closers.push(() => streams.closeAll());
  const keeper = new RecordingKeeper({
    clock,
    log,
    dir: config.media.recordings,
    keepDays: config.media.recording_keep_days,
  });
  closers.push(() => keeper.close());
  const sounds = new SoundFiles({
    clock,
    random,
    hooks,
    dir: path.join(os.tmpdir(), `graine-sounds-${random.token(8)}`),
    maxBytes: 32 * 1024 * 1024,
    cacheBytes: 256 * 1024 * 1024,
    localDir: config.media.sounds_dir,
  });
  closers.push(() => sounds.close());

  const speech = createSpeech({
    clock,
    random,
    log: log.child({ area: 'speech' }),
    alerts,
    tts: config.speech.tts ?? {},
    stt: config.speech.stt ?? {},
    translate: config.speech.translate ?? {},
    credentialsOf: (accountSid) => directory.all('speechCredential', accountSid),
    cache: {
      dir: config.speech.cache_folder ?? path.join(os.tmpdir(), `graine-speech-${random.token(8)}`),
      maxBytes: config.speech.cache_max_bytes,
      outlives: config.speech.cache_folder !== undefined,
    },
    timeoutMs: config.speech.timeout_seconds * 1000,
    refuse: (address) => refuseAddress(address, config.hooks.allow_private_addresses),
    earsFolder: config.speech.ears_folder,
  });
  closers.push(() => speech.stop());

  const admission = createAdmission(config, {
    clock,
    random,
    log,
    media: workers,
    hooks,
    counted: (type) => metrics.alert(type),
  });
  closers.push(() => admission.close());
  const { door, refusals } = admission;
  const sip = await openSip({
    config,
    clock: callClock,
    owner,
    random,
    log: log.child({ area: 'sip' }),
    trace,
    directory,
    live,
    node,
    door,
    alerts,
  });
  closers.push(() => sip.close());
  metrics.follow({
    guard: sip.guard,
    streams: () => sip.transport.streams(),
    agent: sip.agent,
    registrations: () => live.registered(),
    live,
    load: { figures: admission.figures, refused: () => refusals.totals },
  });
  const upkeep = new CarrierUpkeep({
    agent: sip.agent,
    directory,
    alerts,
    clock,
    log,
    pingSeconds: config.sip.options_ping_seconds,
    live,
    node,
    edges: sip.edges,
    edgeContact: config.sip.edge_contact,
  });
  closers.push(() => upkeep.close());
  const teams = new TeamsUpkeep({
    agent: sip.agent,
    directory,
    clock,
    log,
    pingSeconds: config.sip.teams.ping_seconds,
  });
  closers.push(() => teams.close());
  const limits = new SharedLimits({ clock, live });
  const pacers = new CarrierPacers(callClock, limits);
  closers.push(() => pacers.close());

  const keeperOfCalls = new StandingKeeper({ store: standing, clock, find: (sid) => registry.session(sid) });
  closers.push(() => keeperOfCalls.close());

  const [listening] = sip.transport.listening();
  const outside = listening?.advertisedHost ?? config.sip.domain;
  let http: { address: string; port: number } | undefined;
  const services: Services = {
    clock: callClock,
    random,
    log,
    trace,
    agent: sip.agent,
    media,
    studio: media,
    streams,
    findStream: createStreamFinder({ allowPrivateAddresses: config.hooks.allow_private_addresses }),
    hooks,
    alerts,
    directory,
    live,
    store,
    registry,
    pacers,
    quotas: new Quotas({ clock, alerts, registry, limits }),
    door,
    refusals,
    standing: keeperOfCalls,
    sounds,
    speech,
    updateFaults,
    place: async (accountSid, body) => {
      const read = readPlacing(body, accountSid, directory);
      if (read.ok) return control.create(accountSid, read.body);
      return { ok: false, status: 400, message: read.faults.join('; ') };
    },
    gatewayUp: (sid) => upkeep.gatewayUp(sid),
    teamsGatewayUp: (sbcFqdn, gateway) => teams.up(sbcFqdn, gateway),
    settings: {
      domain: config.sip.domain,
      sipAddress:
        listening === undefined ? config.sip.domain : hostPort({ address: outside, port: listening.advertisedPort }),
      get apiBaseUrl() {
        return `${publicUrl(config, http, outside)}/v1`;
      },
      toneCountry: 'us',
      gatewayTimeoutMs: 5000,
      failedDialStatus: config.calls.failed_dial_status,
      failedHookStatus: config.calls.failed_hook_status,
      maxCalls: config.calls.max_calls,
      maxRecordingSeconds: config.media.max_recording_seconds,
      recordingsDir: config.media.recordings,
      get outboundEdge() {
        return sip.edges.first;
      },
      edgeContact: config.sip.edge_contact,
      node,
    },
  };
  const control = createControl(services, createScript);
  closers.push(followMedia(services), followStreams(services));
  sip.agent.onInvitation((invitation) => handleInvitation(services, createScript, invitation));
  const house = { services, scripts: createScript };
  const carried = carryOnAll(house, left, standing);
  sip.begin();
  await carried;
  shared?.onTaken((sids) => letGoOf(services, sids));
  shared?.onOrphans((snapshots) => adoptCalls(house, snapshots, shared));
  if (shared !== undefined)
    sip.agent.onStray(
      (tag) => shared.find(tag),
      (node) => hopOf(nodes.sipOf(node)),
    );

  const watch = new Watch(services);
  closers.push(() => watch.close());
  const sessions = new Sessions({
    store,
    directory,
    clock,
    random,
    log,
    idleMs: config.http.session_idle_minutes * 60_000,
    longestMs: config.http.session_hours * 3_600_000,
  });
  closers.push(() => sessions.close());
  const softphones = new Softphones({ sessions, directory, live, domain: config.sip.domain, clock, random, log });
  closers.push(() => softphones.close());
  await softphones.sweep();
  const audit = new AuditTrail({ store, clock, random, log, keepDays: config.http.audit_days });
  closers.push(() => audit.close());

  const state = { stopping: false };
  const pages = portalFolder();
  const api = await createApi({
    directory,
    store,
    live,
    nodes,
    control,
    watch,
    news,
    sessions,
    softphones,
    audit,
    origins: [...config.http.origins, ...(config.http.public_url ? [originOf(config.http.public_url)] : [])],
    maxBodyBytes: config.http.max_body_bytes,
    trustedProxies: config.http.trusted_proxies,
    portal: {
      folder: pages,
      sip: () => portalSip(sip.transport.listening(), config.sip.domain),
      echo: config.source === undefined && config.accounts.some(({ name }) => name === 'demo'),
    },
    timelines,
    recordings: new RecordingShelf(config.media.recordings),
    events: hooks,
    metrics,
    owner,
    redisFor: byWay(openedLive.members, nodes),
    readiness: () => {
      if (state.stopping || sip.agent.draining) return { ready: false, reason: 'draining' };
      return live.stats().up ? { ready: true } : { ready: true, reason: redisAway };
    },
    clock,
    random,
    log,
    version,
    config: { yaml: printConfig(config) },
  });
  closers.push(() => api.close());
  http = await api.listen({ host: config.http.listen.address, port: config.http.listen.port });
  const nodeUrl = config.http.node_url ?? `http://${hostPort(http)}`;
  nodes.announce(nodeUrl, { sip: sipPlace(sip.transport.listening()), direct: isOwnDoor(nodeUrl, http) });
  owner?.watchBy(new DeathWitness({ clock, nodes, urlOf: (name) => nodes.urlOf(name) }));
  log.info(
    { sip: sip.transport.listening(), http, store: config.store.url.split('@').at(-1), node, runtime: process.version },
    'graine is ready',
  );

  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    state.stopping = true;
    sip.agent.draining = true;
    for (const session of registry.sessions()) session.end({ by: 'server', reason: 'the server is stopping' });
    await withTimeout(clock, registry.whenEmpty(), 5000);
    for (const close of closers.toReversed()) await close();
  };
  return {
    config,
    sip: sip.transport.listening(),
    http,
    adminToken,
    portal: pages !== undefined,
    drain: async (seconds = config.shutdown.drain_seconds) => {
      sip.agent.draining = true;
      await withTimeout(clock, registry.whenEmpty(), seconds * 1000);
    },
    reload: () => sip.reload(),
    stop: () => (stopping ??= stop()),
    handOver: () => {
      state.stopping = true;
      return handOver({
        clock,
        log,
        agent: sip.agent,
        sessions: () => registry.sessions(),
        keeper: keeperOfCalls,
        standing,
        shared,
        flush: () => Promise.all([api.close(), store.flush(), timelines.flush(), live.close()]),
      });
    },
    leaks: async () => {
      const { portsInUse } = await media.stats();
      const held = sip.agent.dump() as { dialogs: unknown[]; clients: unknown[]; servers: unknown[] };
      return {
        timers: clock.pending(),
        ...registry.size,
        dialogs: held.dialogs.length,
        transactions: held.clients.length + held.servers.length,
        ports: portsInUse,
        hooks: hooks.pending(),
        streams: streams.stats().streams,
      };
    },
  };
}

function hostPort({ address, port }: { address: string; port: number }): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function withTimeout(clock: SystemClock, work: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(ms, 'server drain', resolve);
    void work.then(() => {
      timer.cancel();
      resolve();
    });
  });
}
