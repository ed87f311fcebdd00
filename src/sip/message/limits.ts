/** How much one message may be. What is beyond is refused, never cut. */
export type MessageLimits = {
  /** Bytes of head and body together. */
  readonly total: number;
  /** Bytes of one header line, folds included. */
  readonly headerLine: number;
  readonly headers: number;
  readonly vias: number;
  /** Elements of Route, Record-Route or Contact, each. */
  readonly routes: number;
  /** Characters of the Request-URI. */
  readonly uri: number;
};

export const defaultLimits: MessageLimits = {
  total: 65_536,
  headerLine: 8192,
  headers: 256,
  vias: 70,
  routes: 70,
  uri: 2048,
};
