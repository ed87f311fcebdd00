/** Who may be named under `speech.tts`, `speech.stt` and `speech.translate` of the configuration, and what each must be told: the
 * words of the settings that src/speech reads. The configuration is checked against it when the server starts. */
export type SpeechUse = 'tts' | 'stt' | 'translate';

export type VendorSettings = {
  /** Of each group one must be there; the first is the usual name. */
  readonly needs: readonly (readonly string[])[];
  readonly may: readonly string[];
};

const key = ['api_key'] as const;
const none: VendorSettings = { needs: [], may: [] };
const google = ['api_key', 'service_key'] as const;
const openai: VendorSettings = { needs: [['api_key', 'base_url', 'url']], may: ['model_id', 'model'] };

/** `custom` stands for every `custom:name`. */
export const speechVendors: { readonly [use in SpeechUse]: Readonly<Record<string, VendorSettings>> } = {
  tts: {
    aws: {
      needs: [['access_key_id'], ['secret_access_key'], ['aws_region', 'region']],
      may: ['base_url', 'session_token'],
    },
    custom: { needs: [['custom_tts_url', 'url']], may: ['auth_token', 'api_key', 'custom_stt_url'] },
    deepgram: { needs: [key], may: ['model_id', 'base_url', 'deepgram_tts_uri'] },
    elevenlabs: { needs: [key], may: ['model_id', 'base_url', 'api_uri'] },
    'espeak-ng': none,
    flite: none,
    google: { needs: [google], may: ['base_url', 'tts_url'] },
    microsoft: { needs: [key, ['region', 'custom_tts_endpoint_url', 'base_url']], may: ['custom_stt_endpoint_url'] },
    openai,
  },
  stt: {
    assemblyai: { needs: [key], may: ['base_url'] },
    custom: { needs: [['custom_stt_url', 'url']], may: ['auth_token', 'api_key', 'custom_tts_url'] },
    deepgram: { needs: [key], may: ['model_id', 'base_url', 'deepgram_stt_uri'] },
    google: { needs: [google], may: ['base_url', 'stt_url'] },
    microsoft: { needs: [key, ['region', 'custom_stt_endpoint_url', 'base_url']], may: ['custom_tts_endpoint_url'] },
    moonshine: none,
    openai,
  },
  translate: {
    custom: { needs: [['custom_translate_url']], may: ['auth_token', 'api_key'] },
    deepl: { needs: [['api_key', 'auth_token']], may: ['base_url'] },
    google: { needs: [key], may: ['base_url'] },
    libretranslate: { needs: [['base_url']], may: ['api_key'] },
  },
};
