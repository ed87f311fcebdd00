/** PostgreSQL refuses NUL in text: a peer or a URL that brings one must get an ordinary answer, not a fault of the store. */
export function plain(value: string): string {
  return value.includes('\0') ? value.replaceAll('\0', '') : value;
}
