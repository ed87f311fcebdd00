/** The certificates of src/sip/transport/testdata, by name. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export function certificateFile(name: string): string {
  return path.resolve('src/sip/transport/testdata', `${name}.pem`);
}

export function pem(name: string): string {
  return readFileSync(certificateFile(name), 'utf8');
}

/** `sip.tls` of a server that calls itself sip.example.test. */
export const serverTls = {
  cert: certificateFile('server'),
  key: certificateFile('server.key'),
  ca: certificateFile('ca'),
};

/** What a phone needs to believe that server. */
export const trusting = { ca: pem('ca'), servername: 'sip.example.test' };
