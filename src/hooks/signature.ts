/** How an application knows that a request is ours, and fresh: HMAC-SHA256, keyed with the account's webhook secret, over
 * `<unix seconds>.<body>`. A GET has no body: its query string stands in, as sent, without the `?`. */
import { createHmac, type KeyObject } from 'node:crypto';

/** The value of Graine-Signature and Jambonz-Signature. */
export function sign(secret: KeyObject, seconds: number, content: string): string {
  const digest = createHmac('sha256', secret).update(`${seconds}.${content}`).digest('hex');
  return `t=${seconds},v1=${digest}`;
}
