/** Refusals of signing in. */
import { defineError } from '../base/index.ts';

export const wrongSignIn = defineError('sign-in-failed', {
  message: 'this e-mail address and password, or this token, do not let anybody in',
  fix: 'Check both; an administrator can set a new password',
  http: 401,
});

export const slowSignIn = defineError('sign-in-wait', {
  message: 'too many attempts to sign in failed',
  fix: 'Wait {seconds} seconds',
  http: 429,
});

export const busySignIn = defineError('sign-in-busy', {
  message: 'too many people sign in at this moment',
  fix: 'Try again in a few seconds',
  http: 503,
});
