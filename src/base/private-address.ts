/** Not reachable from elsewhere, so an address that NAT may have hidden: RFC 1918, 6598, 3927, 4193, 4291, loopback. */
export function isPrivateAddress(address: string): boolean {
  if (address.includes(':')) return address === '::1' || address === '::' || /^(f[cd]|fe[89ab])/i.test(address);
  const parts = address.split('.');
  const a = Number(parts[0]);
  const b = Number(parts[1]);
  if (a === 10 || a === 127 || a === 0) return true;
  if (a === 172) return b >= 16 && b < 32;
  if (a === 100) return b >= 64 && b < 128;
  return (a === 192 && b === 168) || (a === 169 && b === 254);
}
