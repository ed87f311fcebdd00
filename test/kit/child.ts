/** The server as a process of its own, from the source tree: for what only a real process shows. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from '../../src/testing/index.ts';
import { type Config, kitConfig, token } from './graine.ts';

const root = path.join(import.meta.dirname, '..', '..');

export class GraineProcess {
  readonly folder: string;
  readonly sip: { readonly host: string; readonly port: number };
  readonly http: { readonly url: string; readonly token: string };
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(folder: string, sipPort: number, httpPort: number) {
    this.folder = folder;
    this.sip = { host: '127.0.0.1', port: sipPort };
    this.http = { url: `http://127.0.0.1:${httpPort}`, token };
  }

  /** Writes graine.yaml into a folder of its own and starts on it. */
  static async start(overrides: Config): Promise<GraineProcess> {
    const { config, sipPort, httpPort } = await kitConfig(overrides);
    const graine = new GraineProcess(mkdtempSync(path.join(tmpdir(), 'graine-child-')), sipPort, httpPort);
    // YAML reads JSON.
    writeFileSync(path.join(graine.folder, 'graine.yaml'), JSON.stringify(config, null, 2));
    await graine.up();
    return graine;
  }

  /** What it printed. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts it (again) and waits until it is ready. */
  async up(): Promise<void> {
    const args = ['--import', 'tsx', path.join(root, 'src', 'cli', 'main.ts'), 'start'];
    const child = spawn(process.execPath, [...args, '--config', path.join(this.folder, 'graine.yaml')], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const keep = (chunk: Buffer): void => {
      this.#output += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    for (const end = performance.now() + 45_000; performance.now() < end;) {
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
      child.once('exit', (code) => resolve(code));
      child.kill(signal);
    });
  }
}
