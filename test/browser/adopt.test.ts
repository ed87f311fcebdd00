// A browser's call outlives its node: the page finds the other one, which moves the audio to itself. issue 6, item 5.
import assert from 'node:assert/strict';
import { after as afterAll, before, describe, it } from 'node:test';
import { Cluster, lostSince, removeServers, type Servers, startServers } from '../kit/cluster.ts';
import {
  after,
  Browser,
  ensureDebian,
  freePort,
  type IncomingPhoneCall,
  type OutgoingPhoneCall,
  realm,
  type Tab,
} from '../kit/index.ts';

type PhoneCall = IncomingPhoneCall | OutgoingPhoneCall;

const servers = await startServers();

const skip = 'missing' in servers ? servers.missing : false;
afterAll(() => removeServers(servers as Servers));

for (const engine of ['embedded', 'rtpengine'] as const)
  describe(`two nodes with ${engine}, and a page`, { skip }, () => {
    const on = servers as Servers;
    let w: Cluster;
    let browser: Browser;
    let sockets: [number, number];
    before(async () => {
      ensureDebian(['chromium']);
      browser = await Browser.start();
      sockets = [await freePort(), await freePort()];
      const clients = [{ username: 'carol', password: 'secret' }];
      const account = { device_calling_application: 'main', clients };
      w = await Cluster.start({ servers: on, ...(engine === 'embedded' && { engine }), sockets, more: () => account });
    });
    afterAll(async () => {
      await browser?.close();
      await w?.close();
    });

    async function fromPage(tab: Tab): Promise<PhoneCall> {
      w.app.answers([{ verb: 'dial', target: [{ type: 'sip', sipUri: w.desk.uri }], answerOnBridge: true }]);
      await tab.does('call', `sip:1000@${realm}`);
      const rung = await w.desk.nextCall();
      await rung.answers();
      rung.speaks(620);
      return rung;
    }

    async function toPage(tab: Tab): Promise<PhoneCall> {
      w.app.answers([{ verb: 'dial', target: [{ type: 'user', name: `carol@${realm}` }], answerOnBridge: true }]);
      const call = w.calls(w.nodes[0].sip, 620);
      await tab.sees(/invited/);
      await tab.does('answer');
      await call.answered();
      return call;
    }

    it(
      engine === 'embedded'
        ? 'kill -9: ICE and DTLS begin anew with the other node, both are heard again, and a hold and a BYE are passed on'
        : 'kill -9: no packet is lost, ICE and DTLS go on, and a hold and a BYE are passed on',
      { timeout: 120_000 },
      async () => {
        const [a] = w.nodes;
        const tab = await browser.tab();
        const socket = sockets.map((port) => `ws://127.0.0.1:${port}`).join(' ');
        await tab.register({ socket, uri: `sip:carol@${realm}`, password: 'secret', hz: 500 });
        const rung = await (engine === 'embedded' ? fromPage(tab) : toPage(tab));
        await tab.sees(/confirmed/);
        await Promise.all([tab.hears(620), rung.hears(500)]);
        if (engine === 'rtpengine')
          await w.eventually('rtpengine carries it alone', async () => (await on.rtpengine.direct()) === 1);
        const ice = await tab.does('ice');
        await after(1500);
        const at = performance.now();
        await a.killed();
        rung.media?.tone(840);
        await tab.sees(/registered/, 30_000);
        console.log(`# the page is registered again after ${Math.round(performance.now() - at)} ms`);
        await rung.hears(500, { since: at + 1000, within: 20_000 });
        await tab.hears(840);
        console.log(`# both hear each other again after ${Math.round(performance.now() - at)} ms`);
        assert.equal((await tab.does('ice')) === ice, engine === 'rtpengine');
        if (engine === 'rtpengine') assert.equal(lostSince(rung, at - 500), 0);
        await rung.gets(({ isRequest, cseq }) => isRequest && cseq > 1000);
        assert.equal((await rung.holds()).status, 200);
        await tab.sees(/hold remote/);
        await tab.does('hangup');
        await rung.byed();
      },
    );
  });
