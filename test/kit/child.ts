/** The server as a process of its own: for what only a real process shows. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from '../../src/testing/index.ts';
import { type Config, kitConfig, token } from './graine.ts';
import { lastWords } from './last-words.ts';

const root = path.join(import.meta.dirname, '..', '..');

/** From the sources, or what scripts/build.mjs made of them (which must be there). */
type Made = 'source' | 'built';

/** scripts/test.mjs has just built: what is built starts in a third of the time. Whoever runs one file means the sources. */
const usual: Made = process.env['GRAINE_TEST_BUILT'] === '1' ? 'built' : 'source';

export class GraineProcess {
  readonly folder: string;
  readonly sip: { readonly host: string; readonly port: number };
  readonly http: { readonly url: string; readonly token: string };
  #child: ChildProcess | undefined;
  #output = '';

  readonly #flags: readonly string[];
  readonly #made: Made;

  private constructor(
    folder: string,
    { flags, made }: { flags: readonly string[]; made: Made },
    [sipPort, httpPort]: readonly [number, number],
  ) {
    this.folder = folder;
    this.#flags = flags;
    this.#made = made;
    this.sip = { host: '127.0.0.1', port: sipPort };
    this.http = { url: `http://127.0.0.1:${httpPort}`, token };
  }

  /** Writes graine.yaml into a folder of its own and starts on it. `flags` are node's. */
  static async start(overrides: Config, flags: readonly string[] = [], made: Made = usual): Promise<GraineProcess> {
    const { config, sipPort, httpPort } = await kitConfig(overrides);
    const folder = mkdtempSync(path.join(tmpdir(), 'graine-child-'));
    const graine = new GraineProcess(folder, { flags, made }, [sipPort, httpPort]);
    // YAML reads JSON.
    writeFileSync(path.join(graine.folder, 'graine.yaml'), JSON.stringify(config, null, 2));
    try {
      await graine.up();
      return graine;
    } catch (fault) {
      await graine.close();
      throw fault;
    }
  }

  /** What it printed. */
  get output(): string {
    return this.#output;
  }

  get #clock(): string {
    return path.join(this.folder, 'clock');
  }

  /** Its wall clock is so far from ours, from now on. */
  setsClock(ms: number): void {
    writeFileSync(this.#clock, String(ms));
    this.#child?.kill('SIGUSR2');
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts it (again) and waits until it is ready. */
  async up(): Promise<void> {
    const clock = path.join(root, 'test', 'kit', 'other-clock.mjs');
    const main = {
      source: ['--import', 'tsx', '--import', clock, path.join(root, 'src', 'cli', 'main.ts')],
      built: ['--import', clock, path.join(root, 'bin', 'graine')],
    };
    const args = [...this.#flags, ...main[this.#made], 'start'];
    const child = spawn(process.execPath, [...args, '--config', path.join(this.folder, 'graine.yaml')], {
      cwd: root,
      env: { ...process.env, GRAINE_TEST_CLOCK: this.#clock },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    // A test that breaks off must not leave it to disturb the next.
    const reap = (): void => void child.kill('SIGKILL');
    process.once('exit', reap);
    // Nor keep this process: a story that fails before it can close the server would hang instead.
    child.unref();
    for (const pipe of [child.stdout, child.stderr]) (pipe as Socket).unref();
    child.once('exit', () => process.off('exit', reap));
    const keep = (chunk: Buffer): void => {
      const text = chunk.toString();
      this.#output += text;
      lastWords.write(text);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    for (const end = performance.now() + 90_000; performance.now() < end;) {
      if (child.exitCode !== null) throw new Error(`the server exited with ${child.exitCode}:\n${this.#output}`);
      const ready = await fetch(`${this.http.url}/readyz`).catch(() => undefined);
      await ready?.arrayBuffer();
      if (ready?.status === 200) return;
      await after(25);
    }
    throw new Error(`the server did not become ready:\n${this.#output}`);
  }

  /** kill -9: no chance to write anything. */
  async killed(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM; resolves with the exit code. */
  async terminated(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  /** It hangs: nothing is read, nothing fires. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async close(): Promise<void> {
    await this.killed();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** GET, or PUT where there is a body. */
  async rest(apiPath: string, put?: object): Promise<{ status: number; body: unknown }> {
    const authorization = `Bearer ${token}`;
    const change = {
      method: 'PUT',
      body: JSON.stringify(put),
      headers: { authorization, 'content-type': 'application/json' },
    };
    const response = await fetch(
      `${this.http.url}${apiPath}`,
      put === undefined ? { headers: { authorization } } : change,
    );
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  }

  #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null)
      return Promise.resolve(child?.exitCode ?? null);
    return new Promise((resolve) => {
      child.ref();
      child.once('exit', (code) => resolve(code));
      child.kill(signal);
    });
  }
}
