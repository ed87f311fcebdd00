/** Words that only a machine says, and words that only a person says when the telephone is answered: lower case, without
 * punctuation. A phrase counts wherever it stands between word boundaries. */

// prettier-ignore
export const machinePhrases: readonly string[] = [
  // English
  'leave a message', 'leave your message', 'leave me a message', 'leave a name', 'leave your name', 'record your message',
  'after the tone', 'after the beep', 'at the tone', 'at the beep', 'voicemail', 'voice mail', 'voice message',
  'answering machine', 'mailbox', 'mail box', 'you have reached', "you've reached", 'is not available', 'is unavailable',
  "can't take your call", 'cannot take your call', "can't come to the phone", "can't get to the phone", 'not able to take your call',
  'unable to take your call', 'unable to answer', 'has been forwarded', 'sorry i missed', 'get back to you',
  'return your call', 'number you have dialed', 'number you have called', 'not in service', 'is currently closed',
  'call you back as soon', 'accept more messages',
  // German, French, Spanish, Italian, Portuguese, Dutch
  'nach dem signalton', 'nach dem ton', 'hinterlassen sie', 'hinterlasse', 'anrufbeantworter', 'nicht erreichbar',
  'après le bip', 'après le signal', 'laissez un message', 'laissez-moi un message', 'messagerie', 'répondeur',
  'después de la señal', 'después del tono', 'deje su mensaje', 'deje un mensaje', 'buzón de voz', 'no está disponible',
  'dopo il segnale', 'lasciate un messaggio', 'lasciare un messaggio', 'segreteria telefonica', 'non è raggiungibile',
  'após o sinal', 'deixe a sua mensagem', 'deixe sua mensagem', 'caixa postal', 'correio de voz',
  'na de piep', 'na de toon', 'laat een bericht', 'spreek een bericht', 'voicemailbericht',
];

// prettier-ignore
export const personPhrases: readonly string[] = [
  'speaking', 'can i help', 'may i help', 'who is this', "who's this", 'who is calling', "who's calling", 'hang on', 'hold on',
  'am apparat', 'was kann ich', 'wer ist da', 'que puis-je', 'qui est', 'en qué puedo', 'quién es', 'quién habla',
  'chi parla', 'come posso', 'quem fala', 'em que posso', 'met wie', 'waarmee kan ik',
];
