/** Requests inside a dialog that nobody asked for: every one gets an answer. */
import type { InDialogRequest } from '../sip/agent/index.ts';

export function answerUnasked(request: InDialogRequest): void {
  switch (request.method) {
    case 'OPTIONS':
    case 'INFO': // Keep-alives and features we do not know; refusing them ends calls on some PBXs.
    case 'NOTIFY':
      return request.reply({ status: 200 });
    case 'REFER': // No referHook: nobody transfers our calls. decisions.md REFER.
      return request.reply({ status: 603 });
    default:
      return request.reply({
        status: 405,
        headers: [['Allow', 'INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, NOTIFY']],
      });
  }
}
