/** SIP credentials for the softphone of somebody signed in: a user of the registrar that dies with the session, so that no
 * lasting SIP password is ever shown to a browser. */
import { type Clock, messageOf, type Log, type Random } from '../base/index.ts';
import type { Account, Client, Directory, LiveStore } from '../ports/index.ts';
import type { Sessions, SignedIn } from './sessions.ts';

export type SoftphonesOptions = {
  readonly sessions: Sessions;
  readonly directory: Pick<Directory, 'all'> & {
    put(kind: 'client', client: Client): Promise<void>;
    remove(kind: 'client', sid: string): Promise<boolean>;
  };
  readonly live: Pick<LiveStore, 'unbind'>;
  /** The realm of accounts that have none of their own. */
  readonly domain: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

export type SoftphoneCredentials = {
  readonly username: string;
  readonly password: string;
  readonly realm: string;
  /** A dial to the user of this name rings it; undefined: whoever came by an API key has none. */
  readonly name: string | undefined;
  readonly expiresAt: number;
};

/** What stands before the `@` of the email: short, and everybody of the account can guess it. */
function nameOf(email: string | undefined): string | undefined {
  return email?.slice(0, email.lastIndexOf('@')).toLowerCase();
}

export class Softphones {
  readonly #options: SoftphonesOptions;
  readonly #off: () => void;

  constructor(options: SoftphonesOptions) {
    this.#options = options;
    this.#off = options.sessions.events.on('ended', (hashes) => void this.#drop(new Set(hashes)));
  }

  /** New credentials in this account; those the session had before, in whichever account, are void. */
  async issue({ session, person }: SignedIn, account: Account): Promise<SoftphoneCredentials> {
    const { directory, random, domain } = this.#options;
    await this.#drop(new Set([session.hash]));
    const realm = account.sipRealm ?? domain;
    const password = random.token(40);
    const username = `web-${random.token(16)}`;
    const { expiresAt } = session;
    const name = nameOf(person.email);
    await directory.put('client', {
      sid: random.uuid(),
      accountSid: account.sid,
      username,
      password,
      isActive: true,
      allowDirectAppCalling: true,
      allowDirectQueueCalling: true,
      allowDirectUserCalling: true,
      softphone: { session: session.hash, expiresAt, ...(name === undefined ? {} : { name }) },
    });
    return { username, password, realm, name, expiresAt };
  }

  /** Takes away what a crash or another node's end left over. */
  async sweep(): Promise<void> {
    const now = this.#options.clock.now();
    await this.#remove((client) => client.softphone !== undefined && client.softphone.expiresAt <= now);
  }

  close(): void {
    this.#off();
  }

  #drop(hashes: ReadonlySet<string>): Promise<void> {
    return this.#remove(({ softphone }) => softphone !== undefined && hashes.has(softphone.session));
  }

  async #remove(which: (client: Client) => boolean): Promise<void> {
    const { directory, live, domain, log } = this.#options;
    for (const client of directory.all('client').filter(which)) {
      try {
        await directory.remove('client', client.sid);
        const account = directory.all('account').find(({ sid }) => sid === client.accountSid);
        await live.unbind(`${client.username}@${account?.sipRealm ?? domain}`.toLowerCase());
      } catch (fault) {
        log.warn({ reason: messageOf(fault) }, 'a softphone of an ended session could not be removed');
      }
    }
  }
}
