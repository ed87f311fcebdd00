/** Structured log lines: a constant message, data in fields. `error`: someone must act; `warn`: refused or degraded;
 * `info`: a milestone of a call or of the server; `debug`: every move. */
export interface Log {
  error(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  /** `at`: when it was, where that is not now; ms since the epoch. */
  info(fields: object, message: string, at?: number): void;
  debug(fields: object, message: string): void;
  /** A log whose every line carries these fields. */
  child(fields: object): Log;
}

/** A log that keeps nothing: for tests and for pure parts. */
export const silentLog: Log = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  child: () => silentLog,
};
