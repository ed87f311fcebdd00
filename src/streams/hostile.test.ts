// Slow, dead and hostile listeners: bounded, counted, named; and nobody else's sound suffers.
import assert from 'node:assert/strict';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import type { StreamOptions } from '../ports/index.ts';
import { hearBack, Listener, placeOf, Source, Studio } from './kit.test.ts';

type Parts = { listener: Listener; socket: Awaited<ReturnType<Listener['socket']>>; stream: string; source: Source };

describe('slow, dead and hostile listeners', () => {
  const studio = new Studio();
  after(() => studio.service.closeAll());

  async function stage(tell: (parts: Parts) => Promise<void>, options: Partial<StreamOptions> = {}): Promise<void> {
    const listener = await Listener.start();
    const source = new Source({ rate: 8000, channels: 1 }, [440]).start();
    studio.told.entries.length = 0;
    studio.feeds.clear();
    const stream = studio.open({ place: listener.place, tap: source.memory, ...options });
    await tell({ listener, socket: await listener.socket(), stream, source });
    source.end();
    await studio.ended(stream);
    await listener.close();
  }

  it('a listener that does not read loses the oldest sound, counted and told, and hears the newest when it reads on', async () => {
    const listener = await Listener.start();
    // Fast sound, so that the kernel's buffers are full soon.
    const source = new Source({ rate: 64_000, channels: 2 }, [440, 440], 0.5).start();
    const stream = studio.open({ place: listener.place, tap: source.memory });
    const socket = await listener.socket();
    await listener.bytes(1);
    socket.pause();
    for (let lost = false; !lost; await new Promise((resolve) => setTimeout(resolve, 5))) {
      // Beyond what time brings: a minute of sound in a second.
      source.write(32_000);
      lost = studio.told.entries.some((each) => each.stream === stream && each.event === 'dropping');
    }
    const before = listener.sound().byteLength;
    socket.resume();
    await listener.heard.until(() => listener.sound().byteLength > before + 500_000, {
      what: 'sound after the pause',
    });
    source.end();
    const { figures, end } = await studio.ended(stream);
    assert.equal(end, 'source-ended');
    assert.ok(figures.droppedMs > 0);
    await listener.closes.until(() => true, { what: 'a close' });
    const kept = (figures.frames * 20) / 1000;
    assert.equal(listener.sound().byteLength, figures.bytes, 'all that was sent has come');
    assert.ok(Math.abs(kept + figures.droppedMs / 1000 - source.seconds) < 0.05, 'what was not lost was sent');
    await listener.close();
  });

  it('a connection that breaks is made again; what was said meanwhile follows, as far as the ring reaches', async () => {
    await stage(async ({ listener, socket, source, stream }) => {
      await listener.bytes(1600);
      socket.terminate();
      await studio.event('interrupted');
      const second = await listener.socket(1);
      await listener.heard.until(() => listener.texts().length === 2, { what: 'the metadata again' });
      const upTo = source.seconds;
      await listener.heard.until(() => listener.sound().length / 8000 >= upTo - 0.1, { what: 'the sound of the gap' });
      assert.equal(second.protocol, 'audio.jambonz.org');
      source.end();
      const { figures } = await studio.ended(stream);
      assert.equal(figures.connections, 2);
      assert.equal(figures.droppedMs, 0);
    });
  });

  it('a listener that goes away for a moment (1001) is called again, one that closes (1000) is not', async () => {
    await stage(async ({ listener, socket, stream }) => {
      socket.close(1001);
      (await listener.socket(1)).close(1000);
      assert.equal((await studio.ended(stream)).end, 'closed');
    });
  });

  it('a listener that is not there is tried a bounded number of times', { timeout: 60_000 }, async () => {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const source = new Source({ rate: 8000, channels: 1 }, [440]).start();
    studio.told.entries.length = 0;
    const stream = studio.open({ place: placeOf(port), tap: source.memory });
    const { end, why, figures } = await studio.ended(stream, 30_000);
    assert.equal(end, 'unreachable');
    assert.equal(why, 'ECONNREFUSED');
    assert.equal(studio.told.entries.filter((each) => each.event === 'interrupted').length, 5);
    assert.equal(figures.frames, 0);
    source.end();
  });

  it('a handshake that is refused, redirected, or answered by no WebSocket server is not tried again', async () => {
    for (const status of [401, 404, 302, 200]) {
      const server = http.createServer((_, response) =>
        response.writeHead(status, { location: 'ws://127.0.0.1:1/' }).end(),
      );
      server.on('upgrade', (_, socket) => socket.end(`HTTP/1.1 ${status} No\r\nLocation: ws://127.0.0.1:1/\r\n\r\n`));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const source = new Source({ rate: 8000, channels: 1 }, [440]).start();
      const stream = studio.open({ place: placeOf((server.address() as AddressInfo).port), tap: source.memory });
      const { end, why } = await studio.ended(stream);
      assert.equal(end, 'refused');
      assert.ok(why.includes(String(status)), why);
      source.end();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('a server that does not speak our subprotocol is refused by name', async () => {
    const listener = await Listener.start({ handleProtocols: () => false });
    const source = new Source({ rate: 8000, channels: 1 }, [440]).start();
    const { end, why } = await studio.ended(studio.open({ place: listener.place, tap: source.memory }));
    assert.equal(end, 'refused');
    assert.match(why, /subprotocol/);
    source.end();
    await listener.close();
  });

  it('a giant frame ends the stream', async () => {
    await stage(async ({ socket, stream }) => {
      socket.send(Buffer.alloc(5 * 1024 * 1024));
      const { end, why } = await studio.ended(stream);
      assert.deepEqual([end, why], ['abusive', 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH']);
    });
  });

  it('garbage is counted and named, and enough of it ends the stream', async () => {
    await stage(async ({ listener, socket, stream }) => {
      for (const text of ['{', '[]', 'null', '"x"', '{"type":"rm -rf"}', '{"type":"mark"}', '{"type":"playAudio"}'])
        socket.send(text);
      const data = { audioContent: '§§§§', audioContentType: 'raw', sampleRate: 8000 };
      socket.send(JSON.stringify({ type: 'playAudio', data }));
      const wav = { audioContent: Buffer.from('RIFFxxxxWAVE').toString('base64'), audioContentType: 'wav' };
      socket.send(JSON.stringify({ type: 'playAudio', data: wav }));
      socket.send(JSON.stringify({ type: 'playAudio', data: { ...data, audioContent: 'AAAA', sampleRate: 1e9 } }));
      for (const why of [
        'not JSON',
        'not an object',
        'unknown type',
        'without a name',
        'without audioContent',
        'base64',
        'WAV',
        'sampleRate',
      ])
        await studio.event('refused', (told) => told.why.includes(why));
      // Still there.
      const since = listener.heard.entries.length;
      await listener.heard.until((each) => each.sound !== undefined, { what: 'more sound', since });
      for (let n = 0; n < 100; n++) socket.send('{');
      const { end, figures } = await studio.ended(stream);
      assert.equal(end, 'abusive');
      assert.equal(figures.refused, 100);
      assert.equal(await listener.closes.until(() => true, { what: 'a close' }), 1008);
    });
  });

  it('a flood waits at its sender, while another listener hears every frame', async () => {
    const calm = await Listener.start();
    const calmSource = new Source({ rate: 8000, channels: 1 }, [440]).start();
    const calmStream = studio.open({ place: calm.place, tap: calmSource.memory });
    await calm.bytes(1);
    await stage(
      async ({ socket, source, stream }) => {
        const second = Buffer.alloc(32_000);
        const until = calmSource.seconds + 1.5;
        while (calmSource.seconds < until) {
          for (let n = 0; n < 200 && socket.bufferedAmount < 16_000_000; n++) {
            socket.send('{"type":"mark","data":{"name":"x"}}');
            socket.send(second);
          }
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        await studio.event('refused', (told) => told.why.includes('more slowly'));
        assert.ok(socket.bufferedAmount > 1_000_000, `${socket.bufferedAmount} bytes wait at the flooder`);
        source.end();
        const { figures } = await studio.ended(stream);
        // The burst, and what the beats allow since.
        assert.ok(figures.commands < 10_000, `${figures.commands} frames were taken`);
      },
      { back: { binaryRate: 16_000 } },
    );
    calmSource.end();
    const { figures } = await studio.ended(calmStream);
    assert.equal(figures.droppedMs, 0);
    assert.equal(figures.frames, Math.floor(calmSource.seconds * 50));
    await calm.close();
  });

  it('more clips, marks and sound than may wait are refused by name, and the rest is played', async () => {
    await stage(
      async ({ socket, listener }) => {
        const content = Buffer.alloc(16_000).toString('base64');
        for (let id = 0; id < 20; id++) {
          const data = { audioContent: content, audioContentType: 'raw', sampleRate: 16_000, id, queuePlay: true };
          socket.send(JSON.stringify({ type: 'playAudio', data }));
        }
        await studio.event('refused', (told) => told.why.includes('10 clips'));
        await hearBack(studio, 16_000, 1600);
        socket.send('{"type":"killAudio"}');
        await listener.said((text) => text['type'] === 'playDone', 'the first is done');
        for (let n = 0; n < 20; n++) socket.send(Buffer.alloc(1_000_000));
        await studio.event('refused', (told) => told.why.includes('more sound'));
      },
      { back: { binaryRate: 16_000 } },
    );
  });
});
