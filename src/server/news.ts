/** Says what happened beside calls: alerts that were raised, registrations that changed. */
import { Emitter } from '../base/index.ts';
import type {
  Alert,
  Binding,
  Directory,
  LimitAsk,
  LimitCounts,
  LiveCall,
  LiveStore,
  SharedBan,
} from '../ports/index.ts';

export type News = Emitter<{ alert: [Alert]; registration: [aor: string, accountSid: string] }>;

export function createNews(): News {
  return new Emitter();
}

/** The live store, telling of every contact that this node binds or removes. */
export class TellingLive implements LiveStore {
  readonly #live: LiveStore;
  readonly #news: News;
  readonly #directory: Pick<Directory, 'accountByRealm'>;

  constructor(live: LiveStore, news: News, directory: Pick<Directory, 'accountByRealm'>) {
    this.#live = live;
    this.#news = news;
    this.#directory = directory;
  }

  async bind(binding: Binding): Promise<void> {
    await this.#live.bind(binding);
    this.#news.emit('registration', binding.aor, binding.accountSid);
  }

  async unbind(aor: string, key?: string): Promise<void> {
    await this.#live.unbind(aor, key);
    const account = this.#directory.accountByRealm(aor.slice(aor.lastIndexOf('@') + 1));
    if (account !== undefined) this.#news.emit('registration', aor, account.sid);
  }

  bindings = (aor: string) => this.#live.bindings(aor);
  bindingsOf = (accountSid: string) => this.#live.bindingsOf(accountSid);
  registered = () => this.#live.registered();
  putCall = (call: LiveCall) => this.#live.putCall(call);
  removeCall = (callSid: string) => this.#live.removeCall(callSid);
  calls = (accountSid: string) => this.#live.calls(accountSid);
  call = (callSid: string) => this.#live.call(callSid);
  claim = (what: string) => this.#live.claim(what);
  take = (ask: LimitAsk) => this.#live.take(ask);
  holds = (name: string, running: number) => this.#live.holds(name, running);
  count = (counts: LimitCounts) => this.#live.count(counts);
  ban = (ban: SharedBan) => this.#live.ban(ban);
  onBan = (hear: (ban: SharedBan) => void) => this.#live.onBan(hear);
  onReach = (hear: (there: boolean, reason: string) => void) => this.#live.onReach(hear);
  onLost = (hear: (node: string) => void) => this.#live.onLost(hear);
  announce = (address: string) => this.#live.announce(address);
  nodes = () => this.#live.nodes();
  stats = () => this.#live.stats();
  close = () => this.#live.close();
}
