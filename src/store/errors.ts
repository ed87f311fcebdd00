import { defineError } from '../base/index.ts';

export const nameTaken = defineError('name-taken', {
  message: "{kind} '{name}' exists already, as {sid}",
  fix: 'Choose another name, or change the existing one',
  http: 422,
});

export const inUse = defineError('in-use', {
  message: '{kind} {sid} is in use by {users}',
  fix: 'Remove those, or point them elsewhere, first',
  http: 422,
});

export const unknownReference = defineError('unknown-reference', {
  message: '{kind} {sid} points at {target} {targetSid}, which does not exist',
  fix: 'Create it first, or leave the field out',
  http: 422,
});

export const storeUrl = defineError('store-url', {
  message: "store.url '{url}' is not understood",
  fix: 'Use file:./folder, memory: or postgres://user:password@host/database',
  http: 500,
});

export const storeUnreachable = defineError('store-unreachable', {
  message: 'the store {url} cannot be opened: {reason}',
  fix: 'Check that the folder is writable, or that the database runs and the user may create tables in it',
  http: 503,
});

export const storeAway = defineError('store-away', {
  message: 'the store does not answer: {reason}',
  fix: 'Check its disk or server; calls go on, and their records wait in memory',
  http: 503,
});

export const storeMigration = defineError('store-migration', {
  message: 'the tables of the store cannot be brought up to date: {reason}',
  fix: 'A newer Graine may have written it: start that version, or restore a backup',
  http: 500,
});

export const storeKey = defineError('store-key', {
  message: 'the store is sealed with the key {ids}, and this server has {own} (from {where})',
  fix: 'Put the key the data was written with there; docs/security.md tells where a key is kept and how it is changed',
  http: 500,
});

export const storeKeyInvalid = defineError('store-key-invalid', {
  message: '{where} holds no key of 32 bytes in base64 or hex',
  fix: 'Make one with `openssl rand -base64 32`',
  http: 500,
});

export const storeKeyFile = defineError('store-key-file', {
  message: 'the key file {file} cannot be read or made: {reason}',
  fix: 'Let the user of the server write there, name another place (store.key_file), or set GRAINE_SECRET_KEY',
  http: 500,
});

export const storeTampered = defineError('store-tampered', {
  message: 'the document of {kind} {sid} does not open: it was changed or moved outside of Graine',
  fix: 'Restore it from a backup, or delete the row and create it anew',
  http: 500,
});

export const storeClosed = defineError('store-closed', {
  message: 'the store is closed',
  fix: 'The server is shutting down; try again when it is back',
  http: 503,
});
