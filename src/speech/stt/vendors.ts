/** Vendors of ears, by the name applications use. */
import type { Clock } from '../../base/index.ts';
import type { HearingChoice } from '../../ports/index.ts';
import type { Credential } from '../credentials.ts';
import type { EarMaker } from '../ears.ts';
import type { GoogleAccess } from '../google-access.ts';
import type { Reach } from '../reach.ts';
import { assemblyAi } from './assemblyai.ts';
import { custom } from './custom.ts';
import { deepgram } from './deepgram.ts';
import { googleHearer, microsoftHearer, openAiHearer } from './request-hearer.ts';
import { type Dialect, SocketEar } from './socket-ear.ts';
import { UtteranceEar, type UtteranceHearer } from './utterance-ear.ts';

type Parts = { readonly clock: Clock; readonly reach: Reach; readonly google: GoogleAccess };

export function earMakers({ clock, reach, google }: Parts): Readonly<Record<string, EarMaker>> {
  const streaming =
    (dialect: (reach: Reach, credential: Credential, choice: HearingChoice) => Dialect): EarMaker =>
    (credential) => ({
      name: credential.vendor,
      open: (choice) => new SocketEar(clock, dialect(reach, credential, choice)),
    });
  const asking =
    (hearer: (parts: { reach: Reach; credential: Credential; choice: HearingChoice }) => UtteranceHearer): EarMaker =>
    (credential) => ({
      name: credential.vendor,
      open: (choice) => new UtteranceEar(hearer({ reach, credential, choice }), choice),
    });
  return {
    assemblyai: streaming(assemblyAi),
    custom: streaming(custom),
    deepgram: streaming(deepgram),
    google: asking((parts) => googleHearer(parts, google)),
    microsoft: asking(microsoftHearer),
    openai: asking(openAiHearer),
  };
}
