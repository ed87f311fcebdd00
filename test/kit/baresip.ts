/** A real baresip, driven over its control port: a phone nobody here wrote. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, Journal, toneVoice, writeWav } from '../../src/testing/index.ts';
import type { Json } from './hook-app.ts';
import { freePort } from './ports.ts';

export type BaresipOptions = {
  readonly user: string;
  readonly realm: string;
  readonly server: { readonly host: string; readonly port: number };
  readonly password?: string;
  readonly transport?: 'udp' | 'tcp' | 'tls';
  /** PEM file of whom it believes; none: anybody. */
  readonly ca?: string;
  readonly codec?: string;
  /** What its srtp module does: offers RTP/AVP with keys, RTP/SAVP, or nothing but RTP/SAVP. */
  readonly srtp?: 'srtp' | 'srtp-mand';
  /** What it speaks, Hz. */
  readonly tone?: number;
  /** Digest user; a realm that is not ours registers nowhere. */
  readonly registers?: boolean;
};

export class Baresip {
  /** Events as its ctrl_tcp module tells them: REGISTER_OK, CALL_INCOMING, CALL_ESTABLISHED, CALL_CLOSED … */
  readonly events = new Journal<Json>();
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #control: net.Socket | undefined;
  #output = '';

  private constructor() {
    this.#folder = mkdtempSync(path.join(tmpdir(), 'graine-baresip-'));
  }

  /** baresip takes the port above its own for TLS, which somebody else may have: then it is started anew on other ports. */
  static async start(options: BaresipOptions): Promise<Baresip> {
    for (let tries = 1; ; tries++) {
      const phone = new Baresip();
      try {
        await phone.#begin(options);
        return phone;
      } catch (fault) {
        if (tries >= 4 || !phone.#output.includes('Address already in use')) throw fault;
        phone.#child?.kill('SIGKILL');
        rmSync(phone.#folder, { recursive: true, force: true });
      }
    }
  }

  async #begin(options: BaresipOptions): Promise<void> {
    const control = await freePort();
    const sip = await freePort();
    mkdirSync(path.join(this.#folder, 'heard'));
    writeFileSync(path.join(this.#folder, 'config'), this.#config(options, control, sip));
    writeFileSync(path.join(this.#folder, 'accounts'), account(options));
    writeFileSync(path.join(this.#folder, 'contacts'), '');
    // Its sine module speaks 48 kHz only; a file is taken at any rate.
    const voice = toneVoice(options.tone ?? 620);
    const speech = Int16Array.from({ length: 30 * 8000 }, (_, n) => voice(n));
    writeFileSync(path.join(this.#folder, 'voice.wav'), writeWav([speech]));
    const child = spawn('baresip', ['-f', this.#folder], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    const keep = (chunk: Buffer): void => {
      this.#output += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    await this.#connect(control);
    if (options.registers !== false) await this.#registered();
  }

  /** What it printed last. */
  get output(): string {
    return this.#output.slice(-3000);
  }

  /** Waits for an event; what already came counts, from index `since` on. */
  told(type: string, since = 0): Promise<Json> {
    return this.events.until((event) => event.type === type, {
      what: `${type} of baresip`,
      since,
      story: () => this.output,
    });
  }

  /** Sends a command of its menu: dial, accept, hangup, sndcode … */
  command(command: string, params = ''): void {
    const text = JSON.stringify({ command, params, token: 'kit' });
    this.#control?.write(`${Buffer.byteLength(text)}:${text},`);
  }

  /** What it heard: the recordings of its sndfile module, once calls are over. */
  heard(): Buffer[] {
    const folder = path.join(this.#folder, 'heard');
    return readdirSync(folder)
      .filter((name) => name.includes('dec') && name.endsWith('.wav'))
      .map((name) => readFileSync(path.join(folder, name)));
  }

  async close(): Promise<void> {
    this.events.close('baresip was closed');
    this.#control?.destroy();
    const child = this.#child;
    if (child !== undefined && child.exitCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await Promise.race([gone, after(3000).then(() => child.kill('SIGKILL'))]);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** It may have registered before its control port was open to us: then only its output says so. */
  async #registered(): Promise<void> {
    for (let tries = 0; tries < 320; tries++) {
      if (this.events.entries.some((event) => event.type === 'REGISTER_OK')) return;
      if (/useragent registered successfully|\[\d+ bindings?\]/.test(this.#output)) return;
      await after(25);
    }
    throw new Error(`baresip did not register:\n${this.output}`);
  }

  /** Answers the next call. */
  async accepts(): Promise<void> {
    await this.told('CALL_INCOMING');
    this.command('accept');
  }

  #config(options: BaresipOptions, control: number, sip: number): string {
    const modules = [
      'g711.so',
      'aufile.so',
      'aubridge.so',
      'sndfile.so',
      'stun.so',
      ...(options.srtp ? ['srtp.so'] : []),
    ];
    return [
      'poll_method epoll',
      'net_interface 127.0.0.1',
      `sip_listen 127.0.0.1:${sip}`,
      ...(options.ca === undefined ? [] : [`sip_cafile ${options.ca}`]),
      'call_max_calls 4',
      `audio_source aufile,${path.join(this.#folder, 'voice.wav')}`,
      'audio_player aubridge,kit',
      'audio_alert aubridge,kit',
      'rtp_timeout 60',
      `snd_path ${path.join(this.#folder, 'heard')}`,
      `ctrl_tcp_listen 127.0.0.1:${control}`,
      'module_path /usr/lib/baresip/modules',
      ...modules.map((name) => `module ${name}`),
      'module_app account.so',
      'module_app menu.so',
      'module_app ctrl_tcp.so',
      '',
    ].join('\n');
  }

  async #connect(port: number): Promise<void> {
    for (let tries = 0; ; tries++) {
      const socket = net.connect(port, '127.0.0.1');
      const open = await new Promise<boolean>((resolve) => {
        socket.once('connect', () => resolve(true));
        socket.once('error', () => resolve(false));
      });
      if (open) {
        this.#control = socket;
        break;
      }
      const gone = this.#child?.exitCode !== null || this.#output.includes('init failed');
      if (tries > 200 || gone) throw new Error(`baresip did not open its control port:\n${this.#output}`);
      await after(25);
    }
    let pending = '';
    this.#control.on('error', () => {});
    this.#control.on('data', (chunk) => {
      pending += chunk.toString();
      // Netstrings: length, colon, JSON, comma.
      for (;;) {
        const colon = pending.indexOf(':');
        const length = Number(pending.slice(0, Math.max(0, colon)));
        if (colon < 0 || pending.length < colon + length + 2) return;
        const event = JSON.parse(pending.slice(colon + 1, colon + 1 + length)) as Json;
        pending = pending.slice(colon + length + 2);
        if (event.event === true) this.events.add(event);
      }
    });
  }
}

function account(options: BaresipOptions): string {
  const { user, realm, server, password = 'secret', transport = 'udp', codec = 'pcmu', srtp } = options;
  const register = options.registers === false ? ';regint=0' : ';regint=300';
  return `<sip:${user}@${realm};transport=${transport}>;auth_user=${user};auth_pass=${password};outbound="sip:${server.host}:${server.port};transport=${transport}"${register};answermode=manual;audio_codecs=${codec};dtmfmode=rtpevent${srtp === undefined ? '' : `;mediaenc=${srtp}`}\n`;
}
