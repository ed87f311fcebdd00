/** The rules of POST Calls, for whoever places a call: REST, or a WebSocket application with `dial`. */
import type { Directory } from '../ports/index.ts';
import { dialledNumber, placedAmd } from '../verbs/index.ts';
import { createBody, createFaults } from './call-bodies.ts';
import type { Detail } from './errors.ts';
import { appJsonFaults } from './resources/applications.ts';
import { checker } from './validate.ts';

type Body = Readonly<Record<string, unknown>>;

/** What is wrong with a body of the right shape. */
export function placingFaults(body: Body, accountSid: string, directory: Pick<Directory, 'get'>): Detail[] {
  return [
    ...createFaults(body as Parameters<typeof createFaults>[0]),
    ...unknownNames(body, accountSid, directory),
    ...appJsonFaults(body['app_json'], '/app_json'),
  ];
}

/** As call control takes it: `amd` read, and the canonical number, whatever separators it was written with. */
export function placeable(body: Body): Body {
  const to = body['to'] as Body;
  const number = to['number'];
  return {
    ...body,
    ...(body['amd'] === undefined ? {} : { amd: placedAmd(body['amd']) }),
    ...(typeof number === 'string' ? { to: { ...to, number: dialledNumber(number) } } : {}),
  };
}

/** Names of a create that the directory must know. */
function unknownNames(body: Body, accountSid: string, directory: Pick<Directory, 'get'>): Detail[] {
  const wanted = body['application_sid'];
  if (typeof wanted !== 'string') return [];
  const application = directory.get('application', wanted);
  if (application?.accountSid === accountSid) return [];
  return [
    { path: '/application_sid', expected: "the sid of one of this account's applications", got: 'an unknown sid' },
  ];
}

const check = checker(createBody);

/** A body that came another way than by REST: as call control takes it, or a sentence a fault. */
export function readPlacing(
  body: Body,
  accountSid: string,
  directory: Pick<Directory, 'get'>,
): { readonly ok: true; readonly body: Body } | { readonly ok: false; readonly faults: readonly string[] } {
  const shape = check(body);
  const faults = shape.length > 0 ? shape : placingFaults(body, accountSid, directory);
  if (faults.length === 0) return { ok: true, body: placeable(body) };
  return {
    ok: false,
    faults: faults.map(
      ({ path, expected, got }) => `${path}: expected ${expected}${got === undefined ? '' : `, got ${got}`}`,
    ),
  };
}
