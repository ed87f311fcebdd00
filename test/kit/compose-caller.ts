/** In the network of composed services: makes an account by REST, registers a phone at the edge, calls an application, and says
 * what it heard.   node --import tsx test/kit/compose-caller.ts <edge> <token> <REST of a node> */
import { after, Phone } from '../../src/testing/index.ts';

const [edge = '', token = '', rest = ''] = process.argv.slice(2);
const [host = '', port = ''] = edge.split(':');
const place = { host, port: Number(port) };
const realm = `of-${process.pid}.example.test`;

async function make(what: string, body: object): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const answer = await fetch(`${rest}/v1/${what}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (answer.status !== 201) throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { sid: string }).sid;
}

const account = await make('Accounts', { name: realm, sip_realm: realm });
const application = await make('Applications', {
  name: 'tone',
  account_sid: account,
  app_json: [{ verb: 'answer' }, { verb: 'play', url: 'tone_stream://%(9000,0,620)' }],
});
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
await fetch(`${rest}/v1/Accounts/${account}`, {
  method: 'PUT',
  headers,
  body: JSON.stringify({ device_calling_application_sid: application }),
});
await make('Clients', { account_sid: account, username: 'bob', password: 'secret' });

const bob = await Phone.listen({ name: 'bob', address: host });
const login = { username: 'bob', password: 'secret' };
/** The other node reads what is new once a second. */
async function soon<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + 8000; Date.now() < end; await after(300)) {
    const found = await ask();
    if (found !== undefined) return found;
  }
  throw new Error('it stays refused');
}

await soon(async () => ((await bob.register(place, { ...login, realm })).status === 200 ? true : undefined));
const via = { address: host, port: place.port, transport: 'udp' as const };
const call = await soon(async () => {
  const placed = bob.invites(`sip:100@${realm}`, { from: `sip:bob@${realm}`, login, via });
  return (await placed.final()).status === 200 ? placed : undefined;
});
await call.hears(620);
const status = (await call.hangsUp()).status;
console.log(JSON.stringify({ heard: 620, from: call.media?.ears.packets.entries.length, status }));
await bob.close();
process.exit(0);
