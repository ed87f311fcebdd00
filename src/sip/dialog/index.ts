export { AwaitedAck, type Times } from './awaited-ack.ts';
export { ClientRequest, type Sender } from './client-request.ts';
export {
  contactOf,
  coreOfRequest,
  coreOfResponse,
  type DialogCore,
  type InviteFacts,
  keyOf,
  pathOf,
  requestOf,
  uriText,
} from './core.ts';
export { allowsUpdate, type DialogStart, SipDialog } from './dialog.ts';
export { type Authorizer, type DialogHost, dialogKey, type DialogReceiver, type Path, type SentAck } from './host.ts';
export { PendingRequest, type Replier, retryAfter, sdpOf } from './pending-request.ts';
export { reasonOf, reasonValue } from './reason.ts';
export { answerTo } from './reinvite.ts';
export { ProvisionalOrder, ReliableProvisionals } from './reliable.ts';
export {
  type Agreement,
  agreedByServer,
  agreeAsServer,
  defaultSessionTimer,
  minimumOf,
  type SessionTimerPolicy,
  sessionExpiresValue,
  supports,
} from './session-timer.ts';
export type {
  Dialog,
  DialogEnd,
  DialogSnapshot,
  ExtraHeader,
  Glare,
  InDialogRequest,
  Reason,
  RequestOptions,
} from './types.ts';
export { infoPackages, supportedOptions, withoutTimer } from './types.ts';
