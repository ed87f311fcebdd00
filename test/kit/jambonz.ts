/** jambonz's own client libraries, as their users load them. They carry no types; stories read them field by field. */
import { spawn } from 'node:child_process';
import http from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Json } from './hook-app.ts';

const require = createRequire(import.meta.url);

export const express: Json = require('express');
export const nodeClient: Json = require('@jambonz/node-client');
export const nodeClientWs: Json = require('@jambonz/node-client-ws');
export const sdkWebhook: Json = require('@jambonz/sdk/webhook');
export const sdkWebsocket: Json = require('@jambonz/sdk/websocket');
export const sdkClient: Json = require('@jambonz/sdk/client');

/** They log much. */
export const quiet: Json = { info: () => {}, error: () => {}, debug: () => {}, warn: () => {}, child: () => quiet };

/** Lets a server listen, on a port of its own, without keeping the process. Resolves with the port. */
export async function listening(server: http.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return (server.address() as AddressInfo).port;
}

/** An example that @jambonz/sdk ships, run as it is. */
export function example(file: string): Promise<Program> {
  const folder = path.join(path.dirname(require.resolve('@jambonz/sdk')), '..', 'examples');
  return program(file, ['--import', 'tsx', path.join(folder, file)]);
}

export type Program = { readonly port: number; readonly stop: () => void };

/** A server in a Node process of its own, on a free port of loopback, whatever port it names. */
export async function program(name: string, args: readonly string[]): Promise<Program> {
  const loader = new URL('any-port.mjs', import.meta.url).href;
  const child = spawn(process.execPath, ['--import', loader, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  child.unref();
  let said = '';
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}: ${said}`)));
    child.stdout.on('data', (text: Buffer) => {
      if (said.length < 65_536) said += text.toString();
      const found = /^PORT (\d+)$/m.exec(said)?.[1];
      if (found !== undefined) resolve(Number(found));
    });
  });
  return { port, stop: () => void child.kill() };
}
