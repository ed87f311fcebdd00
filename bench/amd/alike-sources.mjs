// Whose voices alike.mjs uses: those that were worked with, and those that only judge. No voice, no engine's voice and no piece of
// music is in both.
export const sources = {
  work: {
    recorded: ['en_US_f_Allison', 'fr_CA_f_June', 'it_IT_m_Carlo', 'ru_RU_f_IvrvoiceRU'],
    espeak: ['en-us', 'en-gb+f2', 'de', 'es', 'fr-fr+f3', 'nl', 'en-us+m4', 'it+m3'],
    flite: ['kal', 'awb', 'rms'],
    festival: ['ked_diphone', 'lp_diphone', 'czech_ph'],
    songs: ['macroform-robot_dity', 'macroform-cold_day', 'macroform-the_simplicity'],
    talkers: ['allison-conf-hasjoin', 'dialogflow-half_an_hour', 'fsdd-george', 'harvard-spk1_snt4', 'librivox-0870'],
  },
  judge: {
    recorded: ['es_MX_f_Allison', 'it_IT_f_Menardi', 'fr', 'es'],
    espeak: ['en-us+f4', 'en-gb+m7', 'en-gb-scotland+m3', 'en-029+f5', 'sv', 'pl', 'pt', 'cs+f1'],
    flite: ['slt', 'kal16'],
    festival: ['kal_diphone', 'cmu_us_slt_arctic_hts', 'pc_diphone', 'upc_ca_ona_hts', 'suo_fi_lj_diphone'],
    songs: ['manolo_camp-morning_coffee', 'reno_project-system'],
    talkers: ['allison-pbx-invalid', 'allison-tt-monkeysintro', 'harvard-spk2_snt3', 'librivox-0930', 'vosk-digits'],
  },
};

export const greetings = [
  'Hello?',
  'Yes?',
  'Hello, who is there?',
  'Robert here.',
  'Good evening.',
  'Hi, it is Laura.',
  'This is Kim.',
  'Baker residence, hello.',
  'Peter Novak speaking.',
  'Hey, what is up?',
  'Speaking.',
  'Hello... hello?',
  'Hello, this is the Miller house.',
  'Yeah, hi.',
];
export const businesses = [
  'Good afternoon, Lakeside Hotel, this is Brian, how may I help you?',
  'Thanks for calling Green Garden Supplies, you are speaking with Alice, what can I do for you today?',
  'Law office of Baker and Stone, one moment please.',
  'Reception, good morning, who would you like to speak to?',
  'City library, Julia speaking, how can I help?',
  'Hello, support desk, may I have your name please?',
  'Just a second, let me turn the radio down. Okay, yes?',
];
export const personal = [
  'Hi, this is Robert. I am not able to answer the phone right now. Please leave me a message and I will call you back.',
  'You have reached the Baker family. We are out. Leave your name and number after the tone.',
  'Hello, you have reached the voice mail of Laura Stone at Green Garden. I am on the other line or away from my desk. Please leave a message.',
  'The person you are trying to reach is not available. At the tone, please record your message.',
  'Thank you for calling the Lakeside Hotel. Nobody can take your call at the moment. Our hours are eight to six, Monday to Saturday. Please leave a message after the beep and we will return your call on the next working day.',
  'Hey, it is Kim. Leave one after the beep.',
  'We are sorry, the subscriber cannot be reached at this time. Please leave your message.',
  'Hi, you know what to do.',
];
export const short = [
  'Leave a message.',
  'It is Brian, talk after the tone.',
  'Please speak after the signal.',
  'Not here. Beep.',
];
