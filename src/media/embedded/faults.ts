import { defineError } from '../../base/index.ts';

export const noPorts = defineError('media-no-ports', {
  message: 'no media ports are free: {inUse} pairs in use, {resting} resting, range {range}',
  fix: 'Widen the RTP port range, or shorten the rest of released ports.',
  http: 503,
});
export const portTaken = defineError('media-port-taken', {
  message: 'the media port {port} of a call that is to be carried on cannot be had',
  fix: 'Another process has it, or it is outside media.ports now.',
  http: 503,
});
export const badRange = defineError('media-port-range', {
  message: "'{range}' is no range of media ports",
  fix: "Write it as 'lowest-highest', for example '10000-19999', with at least one even port and its odd neighbour.",
  http: 500,
});
export const unknownEndpoint = defineError('media-unknown-endpoint', {
  message: "there is no media endpoint '{endpoint}'",
  fix: 'It was never opened, was released, or its worker was lost.',
  http: 404,
});
export const duplicateEndpoint = defineError('media-duplicate-endpoint', {
  message: "the media endpoint '{endpoint}' is open already",
  fix: 'Give each endpoint a name of its own.',
  http: 409,
});
export const notConfigured = defineError('media-not-configured', {
  message: "the media endpoint '{endpoint}' has no negotiated stream",
  fix: 'Configure both endpoints before they are bridged.',
  http: 409,
});
export const noCommonCodec = defineError('media-no-common-codec', {
  message: "endpoints '{a}' and '{b}' share no codec, and theirs cannot be transcoded",
  fix: 'Offer both sides one of PCMU, PCMA, G722 and OPUS.',
  http: 488,
});
export const mediaLoop = defineError('media-loop', {
  message: "the media of '{endpoint}' would go round for ever",
  fix: 'Its SDP names a media port of this server whose own audio comes from there.',
  http: 482,
});
export const badSettings = defineError('media-settings', {
  message: '{field} of a media stream is {value}',
  fix: 'It must be {rule}.',
  http: 400,
});
export const badDigits = defineError('media-digits', {
  message: "'{digits}' cannot be sent as digits",
  fix: 'Use 1 to 64 of 0-9 * # A-D.',
  http: 400,
});
export const differentWorkers = defineError('media-different-sessions', {
  message: "endpoints '{a}' and '{b}' live in different workers",
  fix: 'Open endpoints that will be bridged with the same session.',
  http: 409,
});
export const workerLost = defineError('media-worker-lost', {
  message: 'the media worker died: {why}',
  fix: 'Its calls lost their audio; it was started again.',
  http: 503,
});
export const engineClosed = defineError('media-closed', {
  message: 'the media engine is closed',
  fix: 'Nothing can be done with it any more.',
  http: 503,
});
export const recordingBusy = defineError('media-recording', {
  message: "session '{session}' {state}",
  fix: 'A session has one recording at a time.',
  http: 409,
});
export const badRecording = defineError('media-recording-file', {
  message: "cannot record to '{path}': {why}",
  fix: 'Check the folder, its permissions and the free space.',
  http: 500,
});
export const badStudio = defineError('media-studio', {
  message: '{field} of studio sound is {value}',
  fix: 'It must be {rule}.',
  http: 400,
});
export const tooMany = defineError('media-studio-full', {
  message: "the media endpoint '{endpoint}' has {most} {what} already",
  fix: 'Remove one that is not needed any more.',
  http: 409,
});
export const tapTaken = defineError('media-studio-name', {
  message: "the media endpoint '{endpoint}' has a {what} '{name}' already",
  fix: 'Give each tap and each feed of an endpoint a name of its own, or close the other first.',
  http: 409,
});
