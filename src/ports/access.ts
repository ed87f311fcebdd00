/** People who sign in, and what is written down of what they do. */

/** `admin`: everything. `account`: one account, all of it. `read-only`: looks, of one account or (without one) of all. */
export type Role = 'admin' | 'account' | 'read-only';

/** Somebody who is signed in at the portal. Its token is known to the browser alone; here is the token's SHA-256, hex. */
export type WebSession = {
  readonly hash: string;
  /** Who signed in: a user, or whoever had this API key. Exactly one is set. */
  readonly userSid?: string;
  readonly keySid?: string;
  readonly createdAt: number;
  /** Last use, to the minute. */
  readonly seenAt: number;
  /** The end, however busy it is. */
  readonly expiresAt: number;
  readonly address: string;
};

/** One line of the audit log. */
export type AuditEntry = {
  readonly sid: string;
  readonly at: number;
  /** '' for what concerns no account. */
  readonly accountSid: string;
  readonly who: {
    readonly userSid?: string;
    readonly keySid?: string;
    readonly name: string;
    readonly role: Role | 'nobody';
  };
  /** `create`, `change`, `delete`, `sign-in`, `sign-in-failed`, `sign-out` … */
  readonly action: string;
  /** What it was done to, such as `VoipCarriers/3f…`. */
  readonly what: string;
  readonly address: string;
  /** Secrets are masked by whoever made the entry. */
  readonly detail: Readonly<Record<string, unknown>>;
};

export type AuditQuery = {
  /** undefined: of all accounts, and of none. */
  readonly accountSid?: string;
  readonly page: number;
  readonly count: number;
  readonly start?: number;
  readonly end?: number;
};

/** Sessions of the portal, on disk so that a restart signs nobody out. */
export interface WebSessions {
  putSession(session: WebSession): Promise<void>;
  session(hash: string): Promise<WebSession | undefined>;
  touchSession(hash: string, seenAt: number): Promise<void>;
  removeSession(hash: string): Promise<void>;
  sessionsOf(owner: { readonly userSid: string } | { readonly keySid: string }): Promise<readonly WebSession[]>;
  /** Removes those that ended before `now` or were not used since `seenBefore`, and says which. */
  pruneSessions(now: number, seenBefore: number): Promise<readonly string[]>;
}

export interface AuditLog {
  /** Queues, as CDRs are. Never throws. */
  appendAudit(entry: AuditEntry): void;
  /** Newest first. */
  audit(query: AuditQuery): Promise<{
    readonly total: number;
    readonly page: number;
    readonly batch: number;
    readonly data: readonly AuditEntry[];
  }>;
  /** Keeps at most the newest `most` of what happened since `before`. */
  pruneAudit(before: number, most: number): Promise<void>;
}
