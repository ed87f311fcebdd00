/** The kit of wire and interop stories. */
export * from '../../src/testing/index.ts';
// What phones keep to themselves, for stories about the bytes.
export { answerChallenge, digestParams } from '../../src/testing/digest.ts';
export { read } from '../../src/testing/message.ts';
export { readSdp } from '../../src/testing/sdp.ts';
export { Baresip } from './baresip.ts';
export { GraineProcess } from './child.ts';
export { ensureDebian, missingDebian } from './debian.ts';
export { type Config, type Graine, kitConfig, type Leaks, startGraine, token } from './graine.ts';
export { HookApp, type HookAnswer, type HookReply, type HookRequest, type Json, odd } from './hook-app.ts';
export { hearsAt } from './levels.ts';
export { type LiveEvent, LiveEvents } from './live-events.ts';
export { ListenerApp, ListenerCall, type ListenerFrame } from './listener.ts';
export { certificateFile, pem, serverTls, trusting } from './certificates.ts';
export { freePort, mediaPorts } from './ports.ts';
export { overTcp, RawPeer, type StreamFate } from './raw-peer.ts';
export { ensureEars, spoken } from './speech.ts';
export { type NoRedis, RedisServer, startRedis } from './redis.ts';
export { type NoRtpengine, Rtpengine, startRtpengine } from './rtpengine.ts';
export { sipp, type SippOptions, type SippOutcome } from './sipp.ts';
export { SttVendor } from './stt-vendor.ts';
export { TeamsGateway, type TeamsTenant } from './teams.ts';
export { dial, elsewhere, toPhone, toSip, toUser } from './verbs.ts';
export { type AccountConfig, number, realm, stage, World, type WorldOptions } from './world.ts';
export { WsApp, type WsAnswer, type WsMessage } from './ws-app.ts';
export { Browser, type Tab } from './browser.ts';
