/** ICE of one endpoint, as the lite agent: who knows the password we signalled may send to us, and where it nominates we
 * send to. RFC 8445 §2.5, §7.3; consent RFC 7675. */
import type { Far, Host } from '../rtp/packet.ts';
import { type BindingRequest, provesPassword, readBinding, roleConflictOf, successOf } from './stun.ts';

export type IceSettings = {
  readonly local: { readonly ufrag: string; readonly pwd: string };
  readonly remoteUfrag: string;
};

/** Ways in that are known at one time; browsers use a handful. */
const MAX_PATHS = 16;

export class IceLite {
  #settings: IceSettings;
  /** Checks of the time before a restart may still be under way. */
  #before: IceSettings | undefined;
  readonly #paths: Far[] = [];
  #nominated: Far | undefined;
  readonly #text: (host: Host) => string;

  /** `text` spells a host. */
  constructor(settings: IceSettings, text: (host: Host) => string) {
    this.#settings = settings;
    this.#text = text;
  }

  /** Where to send: what was nominated last, before that whoever proved itself first. */
  get far(): Far | undefined {
    return this.#nominated ?? this.#paths[0];
  }

  restart(settings: IceSettings): void {
    const { local, remoteUfrag } = this.#settings;
    if (settings.local.ufrag === local.ufrag && settings.remoteUfrag === remoteUfrag) return;
    this.#before = this.#settings;
    this.#settings = settings;
  }

  /** A check of ours was answered from there. */
  trust(far: Far): void {
    this.#nominated = far;
    if (!this.knows(far.host, far.port)) this.#paths.unshift(far);
  }

  /** Did a check from there succeed? */
  knows(host: Host, port: number): boolean {
    for (const path of this.#paths) if (path.port === port && path.host === host) return true;
    return false;
  }

  /** The answer to a check; undefined when it deserves none. */
  answer(bytes: Buffer, host: Host, port: number): Buffer | undefined {
    const request = readBinding(bytes);
    const settings = request && this.#meant(request);
    if (request === undefined || settings === undefined) return undefined;
    const { pwd } = settings.local;
    if (request.controlled) return roleConflictOf(request, pwd);
    if (settings === this.#settings) this.#before = undefined;
    this.#learn({ host, port }, request.useCandidate);
    return successOf(request, this.#text(host), port, pwd);
  }

  #meant(request: BindingRequest): IceSettings | undefined {
    return [this.#settings, this.#before].find(
      (each) =>
        each !== undefined &&
        request.username === `${each.local.ufrag}:${each.remoteUfrag}` &&
        provesPassword(request, each.local.pwd),
    );
  }

  #learn(path: Far, nominated: boolean): void {
    if (!this.knows(path.host, path.port)) {
      this.#paths.push(path);
      if (this.#paths.length > MAX_PATHS) this.#paths.shift();
    }
    if (nominated && (this.#nominated?.port !== path.port || this.#nominated.host !== path.host))
      this.#nominated = path;
  }
}
