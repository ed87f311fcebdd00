/** The one schema of the configuration: names, defaults, bounds, meanings. `docs/config.md` is made from it. */
import { Type, type Static } from 'typebox';
import { account, serverUser } from './accounts.ts';
import { bound, count, no, oneOf, secret, text, yes } from './keys.ts';

const optional = Type.Optional;

const sip = Type.Object(
  {
    domain: optional(text('Default realm of registered users; else `advertise`, else the first listener’s address')),
    listen: Type.Array(text('transport://address:port; transports udp, tcp, tls, ws, wss'), {
      default: ['udp://127.0.0.1:5060', 'tcp://127.0.0.1:5060'],
      minItems: 1,
      description: 'Where SIP is received. Port 0 takes a free one',
    }),
    advertise: optional(text('Public address for Via, Contact and SDP when it is not the listener’s own')),
    tls: optional(
      Type.Object(
        {
          cert: text('PEM file', { file: true }),
          key: text('PEM file', { file: true }),
          ca: optional(text('PEM file: authorities believed beside the well-known ones', { file: true })),
          client_ca: optional(
            text('PEM file: authorities believed of carriers that connect; default: ca, else the well-known ones', {
              file: true,
            }),
          ),
          domains: optional(
            Type.Array(
              Type.Object({
                name: text('Host name a client asks for (SNI), or *.example.test'),
                cert: text('PEM file', { file: true }),
                key: text('PEM file', { file: true }),
              }),
              { description: 'Certificates for other names than that of `cert`' },
            ),
          ),
        },
        { description: 'Certificate of the tls and wss listeners; read anew when the files change' },
      ),
    ),
    ws: Type.Object(
      {
        origins: Type.Array(text('Such as https://phone.example.test'), {
          default: [],
          description: 'Web pages whose browsers may connect; none named: all',
        }),
      },
      { description: 'The ws and wss listeners' },
    ),
    edges: Type.Array(text('Address or network, 192.0.2.0/24'), {
      default: [],
      description:
        'Edge proxies in front of this node: their X-Graine-Source says who sent a request. They are never banned',
    }),
    outbound_edge: optional(
      text(
        'address:port of an edge proxy that calls to carriers leave through, several with commas between, the first that answers is taken; default: they go straight there',
      ),
    ),
    edge_contact: optional(
      text(
        'host[:port] of the edge for the world: carriers that we register at send their calls there, and what we send them leaves through sip.outbound_edge; default: registrations name this node',
      ),
    ),
    limits: Type.Object(
      {
        max_message_bytes: count(65_535, 1_500, 1_048_576, 'Longest SIP message; longer ones are refused'),
        max_headers: count(256, 32, 4_096, 'Most header fields of a message'),
        stream_message_seconds: count(4, 1, 60, 'A peer must finish a message it began within this'),
        stream_idle_seconds: count(900, 10, 86_400, 'A connection without traffic is closed after this'),
        max_connections: count(20_000, 1, 1_000_000, 'Connections in all (TCP, TLS, WS, WSS)'),
        max_connections_per_address: count(100, 1, 100_000, 'Connections of one address'),
      },
      { description: 'What a peer may cost' },
    ),
    ban: Type.Object(
      {
        score: count(
          10,
          1,
          1_000,
          'Faults (wrong password, garbage, unknown source) within the window that ban a source',
        ),
        window_seconds: count(60, 1, 86_400, 'The window'),
        ban_seconds: count(600, 1, 2_592_000, 'How long nothing of a banned source is even parsed'),
        never: Type.Array(text('Address or network, 192.0.2.0/24'), { default: [], description: 'Never banned' }),
      },
      { description: 'Sources that keep failing are ignored' },
    ),
    registrar: Type.Object(
      {
        min_expires_seconds: count(60, 1, 3_600, 'Shorter registrations get 423'),
        max_expires_seconds: count(3_600, 60, 86_400, 'Longer ones are shortened to this'),
        max_contacts: count(10, 1, 100, 'Devices of one user'),
        nonce_seconds: count(300, 10, 86_400, 'A digest nonce is stale after this'),
      },
      { description: 'Users that register here' },
    ),
    teams: Type.Object(
      {
        sources: Type.Array(text('Address or network, 192.0.2.0/24'), {
          default: ['52.112.0.0/14', '52.120.0.0/14'],
          description: 'Where Microsoft calls from; what comes from elsewhere is no call of Teams',
        }),
        ping_seconds: count(60, 1, 3_600, 'Between two OPTIONS to a gateway; Microsoft wants one a minute'),
      },
      { description: 'Microsoft Teams, for accounts that have a tenant' },
    ),
    session_expires_seconds: count(1_800, 90, 86_400, 'Session timer we propose (RFC 4028)'),
    options_ping_seconds: count(30, 1, 3_600, 'Between two OPTIONS to a gateway that wants them'),
  },
  { description: 'Signalling' },
);

const calls = Type.Object(
  {
    max_calls: optional(bound(1, 1_000_000, 'Most calls of this server, each node for itself; more get 503')),
    failed_dial_status: optional(
      bound(400, 699, 'Final status to the caller when a dial fails unanswered; else the callee’s or the outcome’s'),
    ),
    standing_folder: optional(
      text(
        'Folder where standing calls are written down, so that they outlive the process; default: in the store’s folder, or Redis where nodes share it and PostgreSQL',
        {
          file: true,
        },
      ),
    ),
    overload: Type.Object(
      {
        enabled: yes('New calls are refused while the server is at one of these limits; calls that stand never are'),
        loop_busy_percent: count(95, 10, 100, 'Share of the time that the thread of signalling works'),
        loop_late_ms: count(100, 5, 10_000, 'How late its timers come, on average'),
        media_busy_percent: count(90, 10, 100, 'Share of the time that the busiest media thread works'),
        media_late_ms: count(20, 1, 1_000, 'How late that does what is due, on average'),
        heap_percent: count(90, 10, 100, 'JavaScript heap in use, of the most it may have'),
        hooks_waiting: count(10_000, 10, 10_000_000, 'Requests to applications that are not answered yet'),
        least_calls_per_second: count(5, 1, 100_000, 'So many new calls are taken at any load'),
      },
      { description: 'When new calls get 503 with Retry-After because the server is too busy to serve them well' },
    ),
    failed_hook_status: count(480, 400, 699, 'Final status to the caller when the first hook fails'),
  },
  { description: 'Call control' },
);

const media = Type.Object(
  {
    engine: oneOf(['embedded', 'rtpengine'], { default: 'embedded', description: 'Who carries the audio' }),
    address: optional(text('Address RTP is received at; default: the first listener’s')),
    ports: Type.String({
      default: '40000-49999',
      description: 'RTP ports, both ends included; the first should be even',
    }),
    workers: optional(bound(1, 64, 'Media threads; default: cores - 1, at least 1')),
    wire: oneOf(['auto', 'epoll', 'dgram'], {
      default: 'auto',
      description: 'How RTP packets move: auto takes io_uring where the kernel allows it, then epoll, then dgram',
    }),
    rtpengine: Type.Array(text('udp://address:port, with ?weight=3 or without'), {
      default: [],
      description: 'Where rtpengines listen for the ng protocol (listen-ng)',
    }),
    port_rest_seconds: count(5, 0, 300, 'A closed port rests this long before reuse'),
    silence_seconds: count(60, 1, 86_400, 'A leg without RTP for this long is reported as silent'),
    recordings: text('Folder of recordings', { default: './recordings', file: true }),
    sounds_dir: optional(
      text('Folder of sounds that file: URLs may name, for all accounts; default: none, such URLs are refused', {
        file: true,
      }),
    ),
    recording_keep_days: optional(bound(1, 3650, 'Recordings older than this are deleted; default: kept for ever')),
    max_recording_seconds: count(14_400, 1, 86_400, 'A recording ends by itself after this'),
  },
  { description: 'Audio' },
);

const http = Type.Object(
  {
    listen: text('address:port of REST, portal, /healthz, /readyz, /metrics, /openapi.json', {
      default: '127.0.0.1:3000',
    }),
    public_url: optional(
      text(
        'URL at which others reach REST, such as https://voice.example.test behind a proxy: what URLs we give out begin with. Default: `listen`, for a wildcard with the address SIP advertises',
      ),
    ),
    node_url: optional(
      text(
        'Where the other nodes reach this one’s REST, such as http://10.0.0.5:3000; default: http:// with the address and port of `listen`, or of `media.address` where that is a wildcard',
        { url: true },
      ),
    ),
    admin_token: optional(secret('The administrator’s token; else made on the first start, printed once')),
    max_body_bytes: count(1_048_576, 1_024, 104_857_600, 'Longest request body'),
    origins: Type.Array(text('Such as https://voice.example.test'), {
      default: [],
      description: 'Web pages that may use the cookie of the portal, beside the server’s own',
    }),
    trusted_proxies: Type.Array(text('Address or network, 192.0.2.0/24'), {
      default: [],
      description: 'Proxies in front of REST: their X-Forwarded-For, -Proto and -Host are believed',
    }),
    session_idle_minutes: count(60, 1, 10_080, 'Somebody who does nothing for this long is signed out'),
    session_hours: count(12, 1, 720, 'Everybody is signed out after this'),
    audit_days: count(400, 1, 3_650, 'How long the audit log is kept (at most 200,000 lines)'),
    users: Type.Array(serverUser, {
      default: [],
      description: 'People who sign in at the portal for the whole server',
    }),
  },
  { description: 'REST and portal' },
);

const hooks = Type.Object(
  {
    timeout_seconds: count(10, 1, 120, 'One attempt, from the first byte out to the last byte in'),
    connect_timeout_seconds: count(3, 1, 60, 'Time to connect'),
    max_body_bytes: count(1_048_576, 1_024, 104_857_600, 'Longest answer'),
    connections_per_origin: count(256, 1, 10_000, 'Connections to one application server'),
    allow_private_addresses: optional(
      Type.Boolean({
        description:
          'Hooks, media and streams may go to loopback and private addresses. Default: true only while every listener is on loopback. Cloud metadata addresses are always refused',
      }),
    ),
  },
  { description: 'Requests to your applications' },
);

export const schema = Type.Object({
  sip,
  calls,
  media,
  http,
  store: Type.Object(
    {
      url: text('file:./folder, memory: or postgres://user:password@host/database', {
        default: 'file:./data',
        url: true,
      }),
      key_file: optional(
        text(
          'File of the key that seals the store; default: secret.key beside the data. GRAINE_SECRET_KEY overrides it',
          {
            file: true,
          },
        ),
      ),
      spool_folder: optional(
        text(
          'Folder where call records wait while the database is away, so that they outlive the process; default: in the store’s folder, none for PostgreSQL',
          {
            file: true,
          },
        ),
      ),
      spool_rows: count(50_000, 100, 10_000_000, 'Call records kept in memory while the database is away'),
    },
    { description: 'What outlives the process' },
  ),
  live: Type.Object(
    {
      url: text('memory: (one node) or redis://user:password@host:6379 (shared by nodes)', {
        default: 'memory:',
        url: true,
      }),
      max_contacts: count(500_000, 1, 10_000_000, 'Registered devices in all, over every node'),
      secret: optional(
        secret(
          'What nodes sign their requests to each other with: the same on every node, 32 characters or more; several with commas between: the first signs, the others still open. GRAINE_LIVE_SECRET overrides it. Without it REST acts on the calls of its own node only',
        ),
      ),
    },
    { description: 'Registrations and calls in progress' },
  ),
  hooks,
  trace: Type.Object(
    {
      folder: optional(
        text('Folder of call timelines; default: in the store’s folder, else in memory', { file: true }),
      ),
      max_bytes: count(67_108_864, 1_048_576, 1_099_511_627_776, 'Most bytes of timelines kept; the oldest go first'),
      max_sessions: count(20_000, 100, 10_000_000, 'Most finished calls in the index'),
    },
    { description: 'Timelines of calls' },
  ),
  speech: Type.Object(
    {
      tts: optional(
        Type.Record(Type.String(), Type.Unknown(), { description: 'Vendors and credentials', secret: true }),
      ),
      stt: optional(
        Type.Record(Type.String(), Type.Unknown(), { description: 'Vendors and credentials', secret: true }),
      ),
      translate: optional(
        Type.Record(Type.String(), Type.Unknown(), { description: 'Vendors and credentials', secret: true }),
      ),
      cache_folder: optional(
        text('Folder of spoken texts, kept over restarts; default: one that goes with the process', { file: true }),
      ),
      cache_max_bytes: count(
        536_870_912,
        1_048_576,
        1_099_511_627_776,
        'Most bytes of spoken texts kept; the longest unused go first',
      ),
      ears_folder: optional(
        text('Folder of the offline recogniser; default: ./ears beside the program, where npm run ears puts it', {
          file: true,
        }),
      ),
      timeout_seconds: count(10, 1, 60, 'A vendor must have spoken a text within this'),
    },
    { description: 'Speech vendors' },
  ),
  log: Type.Object(
    {
      level: oneOf(['error', 'warn', 'info', 'debug', 'silent'], {
        default: 'info',
        description: 'GRAINE_LOG overrides it',
      }),
      debug: Type.Array(text('An area: a folder name such as sip.transaction'), {
        default: [],
        description: 'Areas that log every move; GRAINE_DEBUG overrides it',
      }),
      pretty: no('Lines for people instead of JSON'),
    },
    { description: 'Log' },
  ),
  shutdown: Type.Object(
    {
      drain_seconds: count(3_600, 0, 86_400, 'How long calls may go on after SIGTERM'),
      hand_over: no(
        'SIGTERM leaves standing calls to the other nodes, or to the next start on this machine, and does not wait for their end',
      ),
    },
    { description: 'The end' },
  ),
  accounts: Type.Array(account, {
    default: [],
    description: 'Accounts and what hangs on them; the same data REST serves',
  }),
});

/** The file's content with defaults filled in. */
export type Raw = Static<typeof schema>;
export type RawAccount = Static<typeof account>;
