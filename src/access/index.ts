export { AuditTrail, type Deed } from './audit.ts';
export { deedDetail } from './deed-detail.ts';
export { slowSignIn, wrongSignIn } from './errors.ts';
export { hashPassword, passwordLimits, verifyPassword } from './passwords.ts';
export { hashOf, type Person, personOfKey, personOfUser, sameText, Sessions, type SignedIn } from './sessions.ts';
export { SignInLimiter } from './sign-in-limiter.ts';
export { type SoftphoneCredentials, Softphones } from './softphones.ts';
