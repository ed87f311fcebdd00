// A voice application: rings Bob and the front desk at once; when nobody answers, the caller may leave a message.
import http from 'node:http';

/** `desk` and `voicemail` are SIP URIs. `results` gets what each dial came to. */
export function createApp({ desk, voicemail, results = [] }) {
  const answers = {
    '/call': () => [
      {
        verb: 'dial',
        answerOnBridge: true,
        timeout: 20,
        actionHook: '/dialed',
        target: [
          { type: 'user', name: 'bob' },
          { type: 'sip', sipUri: desk },
        ],
      },
    ],
    '/dialed': (dialed) => {
      results.push(dialed.dial_call_status);
      if (dialed.dial_call_status === 'completed') return [{ verb: 'hangup' }];
      return [{ verb: 'dial', answerOnBridge: true, target: [{ type: 'sip', sipUri: voicemail }] }];
    },
  };
  return http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text) => {
      body += text;
    });
    request.on('end', () => {
      const verbs = answers[new URL(request.url, 'http://app').pathname]?.(JSON.parse(body || '{}'));
      response.writeHead(verbs === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(verbs ?? []));
    });
  });
}

if (process.argv[1] === import.meta.filename) {
  const { DESK = 'sip:desk@127.0.0.1:5090', VOICEMAIL = 'sip:box@127.0.0.1:5091' } = process.env;
  createApp({ desk: DESK, voicemail: VOICEMAIL }).listen(4000, '127.0.0.1');
}
