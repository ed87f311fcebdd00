/** Bounds of what a listener may cost us, whatever it does. */
export const limits = {
  handshakeMs: 5000,
  /** For the answer to our goodbye. */
  goodbyeMs: 2000,
  /** A text frame with base64: 94 s of 16 kHz. */
  messageBytes: 4 * 1024 * 1024,
  /** Sound handed to a socket that does not take it. What comes after stays in the tap's ring, which loses its oldest. */
  bufferedMs: 1000,
  /** No answer to a ping for so long: the connection is dead. */
  pingMs: 15_000,
  /** Tries in a row; begins anew after a connection that lasted `steadyMs`. */
  attempts: 6,
  backoffMs: [250, 500, 1000, 2000, 4000],
  steadyMs: 10_000,
  /** Clips that wait, `playAudio` with queuePlay. */
  clips: 10,
  /** Sound that waits to be played, of one stream. */
  queuedBytes: 16 * 1024 * 1024,
  /** Marks that wait. */
  marks: 1000,
  markNameLength: 256,
  /** What may come in: so much at once, and so much a beat. Beyond it the socket is not read for a while. */
  burstMessages: 500,
  messagesPerBeat: 20,
  burstBytes: 8 * 1024 * 1024,
  bytesPerBeat: 80 * 1024,
  /** Commands that cannot be used, until we hang up. */
  refusals: 100,
  /** Between two reports of lost sound. */
  reportMs: 5000,
  /** Level of a frame that counts as somebody speaking: mean of the absolute samples (about -50 dB). */
  spokenLevel: 100,
} as const;

export const BEAT_MS = 20;
