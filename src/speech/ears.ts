/** Who hears: the vendor an application names, with its account's credential, else the server's; else the recogniser of
 * this machine. */
import type { Credential, Credentials } from './credentials.ts';
import type { FindEar } from './listening.ts';
import { type EarVendor, VendorFault } from './vendor.ts';
import { wantedVendor } from './voices.ts';

/** Makes a vendor's ear from a credential. */
export type EarMaker = (credential: Credential) => EarVendor;

type Parts = {
  readonly credentials: Credentials;
  readonly offline: EarVendor | undefined;
  readonly makers: Readonly<Record<string, EarMaker>>;
};

export function earFinder({ credentials, offline, makers }: Parts): FindEar {
  return (accountSid, choice) => {
    const vendor = wantedVendor(choice.vendor) ?? credentials.preferred('stt');
    if (vendor === undefined || vendor === 'moonshine') {
      if (offline === undefined) throw new VendorFault('unusable', noEar);
      return offline;
    }
    const maker = makers[vendor.startsWith('custom:') ? 'custom' : vendor];
    if (maker === undefined)
      throw new VendorFault(
        'unusable',
        `the stt vendor '${vendor}' is not known; known are moonshine, ${Object.keys(makers).join(', ')}`,
      );
    const credential = credentials.find('stt', { accountSid, vendor, label: choice.label });
    const label = choice.label === undefined ? '' : ` with the label '${choice.label}'`;
    if (credential === undefined) throw new VendorFault('unusable', `no ${vendor} credential for stt${label}`);
    return maker(credential);
  };
}

const noEar =
  'no recogniser is installed: npm run ears installs one, or name a vendor under speech.stt of the configuration';
