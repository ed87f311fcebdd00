/** A compose file run without a container engine: each service has a root of its own (this machine's, copied on write), its
 * volumes where the file says, and all of them a network of their own, where every port is free. Images are what their
 * Dockerfiles say; Debian's programs stand in for the official ones. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { after } from '../../src/testing/index.ts';
import { ended } from './ended.ts';

type Service = {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile?: string; readonly dockerfile_inline?: string };
  readonly command?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly ulimits?: { readonly nofile: number };
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly network_mode: string;
};

/** Why none can be run here; undefined: it can. */
export function noCompose(): string | undefined {
  if (process.getuid?.() !== 0) return 'roots and networks of their own need root';
  const probe =
    'mount --make-rprivate / && d=$(mktemp -d) && mount -t tmpfs t $d && mkdir $d/u $d/w $d/r && mount -t overlay o -o lowerdir=/,upperdir=$d/u,workdir=$d/w $d/r && chroot $d/r node --version';
  const { status } = spawnSync('unshare', ['--net', '--mount', 'sh', '-c', probe], { stdio: 'ignore' });
  return status === 0 ? undefined : 'no namespaces with a root of their own here';
}

export class Compose {
  readonly #file: string;
  readonly #services: Readonly<Record<string, Service>>;
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'graine-compose-'));
  readonly #running = new Map<string, { process: ChildProcess; said: string }>();
  readonly #network: ChildProcess;

  /** `env`: what the shell has exported. `address`: one the machine has. */
  constructor(file: string, env: Readonly<Record<string, string>>, address: string) {
    this.#file = file;
    const text = interpolate(readFileSync(file, 'utf8'), env);
    this.#services = (parse(text, { merge: true }) as { services: Record<string, Service> }).services;
    const up = `ip link set lo up && ip addr add ${address}/32 dev lo && echo up && exec sleep infinity`;
    this.#network = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--net', 'sh', '-c', up], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  /** Those that others wait for first. `overlay`: host folders in place of volumes that the file names. */
  async up(volumes: Readonly<Record<string, string>> = {}): Promise<void> {
    await new Promise((resolve) => this.#network.stdout?.once('data', resolve));
    const left = new Set(Object.keys(this.#services));
    while (left.size > 0) {
      const ready = [...left].filter((name) =>
        Object.keys(this.#service(name).depends_on ?? {}).every((each) => !left.has(each)),
      );
      if (ready.length === 0) throw new Error(`${[...left].join(', ')} wait for each other`);
      for (const name of ready) this.start(name, volumes);
      for (const name of ready) {
        await this.healthy(name);
        left.delete(name);
      }
    }
  }

  start(name: string, volumes: Readonly<Record<string, string>> = {}): void {
    const root = path.join(this.#folder, name);
    mkdirSync(root, { recursive: true });
    const script = path.join(this.#folder, `${name}.sh`);
    writeFileSync(script, this.#script(this.#service(name), root, volumes));
    const started = spawn('setpriv', ['--pdeathsig', 'KILL', ...this.#inside(), 'unshare', '--mount', 'bash', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] },
    });
    const entry = { process: started, said: '' };
    this.#running.set(name, entry);
    const keep = (chunk: Buffer): void => void (entry.said = (entry.said + chunk.toString()).slice(-50_000));
    started.stdout.on('data', keep);
    started.stderr.on('data', keep);
  }

  /** Its health check says so; without one it runs. */
  async healthy(name: string, within = 80_000): Promise<void> {
    const test = this.#service(name).healthcheck?.test;
    const entry = this.#running.get(name);
    for (const end = performance.now() + within; performance.now() < end; await after(200)) {
      if (entry?.process.exitCode !== null) throw new Error(`${name} has ended:\n${this.said(name)}`);
      if (test === undefined || this.run(name, ...test.slice(1)).status === 0) return;
    }
    throw new Error(`${name} is not healthy:\n${this.said(name)}`);
  }

  /** As `docker compose exec`. */
  run(name: string, ...command: readonly string[]): { status: number | null; out: string } {
    const pid = String(this.#running.get(name)?.process.pid);
    const into = ['--target', pid, '--mount', '--net', '--root', '--wd=/'];
    const { status, stdout, stderr } = spawnSync('nsenter', [...into, ...command], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    return { status, out: `${stdout}${stderr}` };
  }

  /** A program of this machine's in the network of the services. */
  program(...command: readonly string[]): Promise<{ status: number | null; out: string }> {
    const [first = '', ...rest] = [...this.#inside(), ...command];
    const child = spawn(first, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    const keep = (chunk: Buffer): void => void (out += chunk.toString());
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    return new Promise((resolve) => child.once('close', (status) => resolve({ status, out })));
  }

  /** What the bracketed part of this is in what one of them says, now or soon. */
  async says(names: readonly string[], pattern: RegExp): Promise<string> {
    for (const end = performance.now() + 10_000; performance.now() < end; await after(50)) {
      const found = names.map((name) => pattern.exec(this.said(name))?.[1]).find((each) => each !== undefined);
      if (found !== undefined) return found;
    }
    throw new Error(`${names.join(', ')} never say ${String(pattern)}`);
  }

  said(name: string): string {
    return this.#running.get(name)?.said ?? '';
  }

  async stop(name: string): Promise<void> {
    await ended(this.#running.get(name)?.process, 'SIGTERM');
    this.#running.delete(name);
  }

  async down(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.stop(name)));
    await ended(this.#network, 'SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #service(name: string): Service {
    const service = this.#services[name];
    if (service === undefined) throw new Error(`no service ${name}`);
    return service;
  }

  #inside(): string[] {
    return ['nsenter', `--net=/proc/${this.#network.pid}/ns/net`];
  }

  #script(service: Service, base: string, volumes: Readonly<Record<string, string>>): string {
    if (service.network_mode !== 'host') throw new Error(`${service.image}: another network than the host's`);
    const root = `${base}/root`;
    const image = this.#image(service);
    const env = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', ...image.env, ...service.environment };
    return [
      'set -e',
      'mount --make-rprivate /',
      `mount -t tmpfs graine-test ${base}`,
      `mkdir ${base}/upper ${base}/work ${root}`,
      `mount -t overlay graine-test -o lowerdir=/,upperdir=${base}/upper,workdir=${base}/work ${root}`,
      ...['proc', 'dev', 'sys'].map((each) => `mount --rbind /${each} ${root}/${each}`),
      ...image.build.map((line) => line.replaceAll('$ROOT', root)),
      ...(service.tmpfs ?? []).flatMap((each) => [
        `mkdir -p ${root}${each}`,
        `mount -t tmpfs graine-test ${root}${each}`,
      ]),
      ...(service.volumes ?? []).flatMap((each) => this.#volume(each, root, volumes)),
      ...image.prepare.map((line) => line.replaceAll('$ROOT', root)),
      ...(service.ulimits === undefined ? [] : [`ulimit -n ${service.ulimits.nofile} 2> /dev/null || true`]),
      `exec chroot ${root} env -i ${Object.entries(env)
        .map(([name, value]) => `${name}='${value}'`)
        .join(' ')} \\`,
      `  setpriv --pdeathsig KILL ${image.as} sh -c 'cd ${image.folder} && exec "$@"' sh ${image.entry} ${service.command ?? image.command}`,
    ].join('\n');
  }

  /** A folder or file beside the compose file, or a named one, which has the owner of what was there. */
  #volume(text: string, root: string, given: Readonly<Record<string, string>>): string[] {
    const [source = '', target = '', mode = ''] = text.split(':');
    const named = !source.startsWith('.');
    const from =
      given[source] ?? (named ? `${this.#folder}/volume-${source}` : path.resolve(path.dirname(this.#file), source));
    if (named) mkdirSync(from, { recursive: true });
    const to = `${root}${target}`;
    const make = statSync(from).isDirectory() ? `mkdir -p ${to}` : `mkdir -p ${path.dirname(to)}; touch ${to}`;
    return [
      make,
      ...(named ? [`chown --reference=${to} ${from}`] : []),
      `mount --bind ${mode === 'ro' ? '-o ro ' : ''}${from} ${to}`,
    ];
  }

  #image({ image, build, environment = {} }: Service): Image {
    const official = officials[image.split(':')[0] ?? ''];
    if (official !== undefined) return { ...plain, ...official(environment) };
    if (build?.dockerfile_inline !== undefined) {
      const entry = /^ENTRYPOINT (\[.*\])$/m.exec(build.dockerfile_inline)?.[1] ?? '[]';
      return { ...plain, entry: (JSON.parse(entry) as string[]).join(' ') };
    }
    const context = path.resolve(path.dirname(this.#file), build?.context ?? '.');
    return ownImage(readFileSync(path.join(context, build?.dockerfile ?? 'Dockerfile'), 'utf8'), context);
  }
}

/** `build`, `prepare`: shell, before and after the volumes are there. */
type Image = {
  readonly env: Readonly<Record<string, string>>;
  readonly build: readonly string[];
  readonly prepare: readonly string[];
  readonly as: string;
  readonly folder: string;
  readonly entry: string;
  readonly command: string;
};

const plain: Image = { env: {}, build: [], prepare: [], as: '', folder: '/', entry: '', command: '' };

/** The programs of the official images, and what their entry points do first. */
const officials: Readonly<Record<string, (env: Readonly<Record<string, string>>) => Partial<Image>>> = {
  redis: () => ({}),
  postgres: ({ POSTGRES_USER: user, POSTGRES_PASSWORD: password, POSTGRES_DB: database }) => {
    const bin = execFileSync('sh', ['-c', 'ls -d /usr/lib/postgresql/*/bin | tail -1'], { encoding: 'utf8' }).trim();
    const data = '/var/lib/postgresql/data';
    const as = '--reuid postgres --regid postgres --clear-groups';
    const inRoot = (line: string): string => `chroot $ROOT setpriv ${as} sh -c "${line}"`;
    return {
      env: { PGDATA: data, PATH: `${bin}:/usr/bin:/bin` },
      as,
      prepare: [
        `chown postgres $ROOT${data}; chmod 700 $ROOT${data}; printf %s '${password}' > $ROOT/pw; chmod 644 $ROOT/pw`,
        inRoot(`${bin}/initdb -D ${data} -A scram-sha-256 -U ${user} --pwfile=/pw -E UTF8 --no-sync > /dev/null`),
        inRoot(`echo 'CREATE DATABASE ${database}' | ${bin}/postgres --single -D ${data} postgres > /dev/null`),
      ],
    };
  },
};

/** The last stage of our Dockerfile; what an earlier one makes is in the working tree. */
function ownImage(text: string, context: string): Image {
  const stage = text.slice(text.lastIndexOf('\nFROM '));
  const all = (word: string): string[] =>
    [...stage.matchAll(new RegExp(`^${word} (.*)$`, 'gm'))].map(([, rest = '']) => rest);
  const folder = all('WORKDIR').at(-1) ?? '/';
  const user = all('USER').at(-1) ?? 'root';
  const copies = all('COPY').flatMap((line) => {
    const [, from = '', to = ''] = /^--from=build \/graine\/(\S+) (\S+)$/.exec(line) ?? [];
    const source = path.join(context, from);
    const target = `$ROOT${path.posix.join(folder, to.endsWith('/') ? `${to}${from}` : to)}`;
    return [
      statSync(source).isDirectory() ? `mkdir -p ${target}` : `touch ${target}`,
      `mount --bind -o ro ${source} ${target}`,
    ];
  });
  return {
    ...plain,
    env: Object.fromEntries(all('ENV').map((line) => line.split('=') as [string, string])),
    build: [
      `mkdir -p $ROOT${folder}`,
      ...copies,
      // As the base image has it.
      `chroot $ROOT useradd --system ${user}`,
      ...all('RUN').map((line) => `chroot $ROOT sh -c '${line}'`),
    ],
    as: `--reuid ${user} --regid ${user} --clear-groups`,
    folder,
    command: (JSON.parse(all('CMD').at(-1) ?? '[]') as string[]).join(' '),
  };
}

/** `${NAME}` and `${NAME:?why}`, as compose reads them. */
function interpolate(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{(\w+)(?::\?([^}]*))?\}/g, (_, name: string, why = '') => {
    const value = env[name];
    if (value === undefined || value === '') throw new Error(`${name}: ${why}`);
    return value;
  });
}
