/** The frame, and who and what the pages are for. */
export { AccountProvider, useAccount, useAccounts } from './account.tsx';
export { FeedProvider, useFeed, useLive } from './feed.tsx';
export { PasswordForm } from './password-form.tsx';
export { type PhoneProps, usePhone } from './phone-dock.tsx';
export { SessionProvider, useMayWrite, useSession, useUser } from './session.tsx';
export { Shell } from './shell.tsx';
