/** What `graine doctor` says of certificates: are they there, whole, valid, and for the right name? */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import { isIP } from 'node:net';
import { messageOf } from '../base/index.ts';
import type { Finding } from './doctor.ts';

type Config = ReturnType<(typeof import('../main.ts'))['loadConfig']>;

const DAY = 86_400_000;

export function checkTls(config: Config, now: number): Finding[] {
  const { tls, domain } = config.sip;
  const findings: Finding[] = [];
  if (tls !== undefined) {
    findings.push(checkCertificate(tls, domain, now));
    for (const each of tls.domains ?? []) findings.push(checkCertificate(each, each.name.replace(/^\*/, 'any'), now));
  }
  const gateways = config.accounts.flatMap(({ carriers }) => carriers.flatMap((carrier) => carrier.gateways));
  const listens = config.sip.listen.some((each) => each.transport === 'tls');
  if (!listens && gateways.some((each) => each.protocol === 'tls')) {
    findings.push({
      state: 'doubt',
      what: 'there are gateways of protocol tls, and no tls listener for what they send us',
      fix: 'Add tls://address:5061 to sip.listen, and sip.tls',
    });
  }
  return findings;
}

export function checkCertificate(files: { cert: string; key: string }, name: string, now: number): Finding {
  const { cert: file } = files;
  try {
    const certificate = new X509Certificate(fs.readFileSync(file));
    const key = createPrivateKey(fs.readFileSync(files.key));
    if (!certificate.checkPrivateKey(key)) return bad(`${file} is not for the key ${files.key}`, 'Make them one pair');
    const days = Math.floor((Date.parse(certificate.validTo) - now) / DAY);
    if (days < 0) return bad(`${file} ended ${-days} days ago`, 'Renew it; no restart is needed');
    if (days < 21)
      return { state: 'doubt', what: `${file} ends in ${days} days`, fix: 'Renew it; no restart is needed' };
    if ((isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) === undefined) {
      return { state: 'doubt', what: `${file} is not for ${name}`, fix: 'Clients that connect by that name refuse it' };
    }
    return { state: 'good', what: `certificate ${file}: ${days} days left` };
  } catch (fault) {
    return bad(`${file} cannot be used: ${messageOf(fault)}`, 'sip.tls wants PEM files readable by this user');
  }
}

function bad(what: string, fix: string): Finding {
  return { state: 'bad', what, fix };
}
