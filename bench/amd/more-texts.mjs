// What mailboxes and people say, by language (the first two letters of a voice).
export const machineTexts = {
  en: [
    'You have reached Tom and Jane. We cannot come to the phone. Please leave a message after the beep.',
    'Hey, this is Alex, leave me a message.',
    'The person you called is not available right now. Please record your message at the tone. When you are finished, hang up or press pound for more options.',
    'Hi, you have reached the voice mail of Kim Brown at Hill Garage. I am away from my desk. Leave your name and number and I will call you back as soon as I can.',
    'Please leave a message.',
  ],
  de: [
    'Hier ist der Anschluss von Familie Weber. Wir sind gerade nicht zu Hause. Bitte hinterlassen Sie eine Nachricht nach dem Ton.',
    'Der gewünschte Gesprächspartner ist zurzeit nicht erreichbar. Bitte sprechen Sie nach dem Signalton.',
    'Bitte sprechen Sie nach dem Ton.',
  ],
  fr: [
    'Bonjour, vous êtes bien chez Paul et Marie. Nous sommes absents. Laissez un message après le bip, merci.',
    'Votre correspondant est indisponible pour le moment. Veuillez laisser un message après le signal sonore.',
    'Laissez un message.',
  ],
  es: [
    'Hola, ha llamado a la familia García. Ahora no estamos en casa. Por favor, deje su mensaje después de la señal.',
    'El número al que llama no está disponible. Deje su mensaje.',
    'Deje su mensaje, gracias.',
  ],
  nl: [
    'U spreekt met de voicemail van Jan de Vries. Ik ben er niet. Spreek een bericht in na de toon.',
    'Spreek in na de piep.',
  ],
  sv: [
    'Hej, du har kommit till Anna Svensson. Jag kan inte svara just nu. Lämna ett meddelande efter tonen.',
    'Lämna ett meddelande.',
  ],
  pl: [
    'Dzień dobry, tu poczta głosowa. Abonent jest niedostępny. Proszę zostawić wiadomość po sygnale.',
    'Proszę zostawić wiadomość.',
  ],
  pt: [
    'Você ligou para a família Silva. Não estamos em casa. Por favor, deixe a sua mensagem após o sinal.',
    'Deixe a sua mensagem.',
  ],
  cs: ['Dobrý den, dovolali jste se do hlasové schránky. Zanechte prosím vzkaz po zaznění tónu.', 'Zanechte vzkaz.'],
};

export const humanTexts = {
  en: [
    'Hello?',
    'Yes?',
    'Tom Hill speaking.',
    'Hi, who is this?',
    'Hill Garage, good morning, what can I do for you?',
    'Hello... hello?',
    'Doctor Brown.',
  ],
  de: ['Hallo?', 'Ja bitte?', 'Weber.', 'Guten Tag, Autohaus Weber, Sie sprechen mit Frau Klein.'],
  fr: ['Allô?', 'Oui?', 'Bonjour, cabinet Martin, que puis-je faire pour vous?'],
  es: ['¿Diga?', '¿Sí?', 'Buenos días, talleres García, dígame.'],
  nl: ['Hallo?', 'Met Jan de Vries.', 'Ja?'],
  sv: ['Hallå?', 'Anna Svensson.', 'Ja?'],
  pl: ['Halo?', 'Tak, słucham?'],
  pt: ['Alô?', 'Sim?', 'Quem fala?'],
  cs: ['Haló?', 'Prosím?', 'Novák.'],
};
