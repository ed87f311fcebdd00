// Cross-validation that never has one source on both sides: a voice that was trained on says nothing about a voice that was not.

/** Voice or collection a recording comes from: its source without the sentence. */
export function sourceGroup(source) {
  const words = source.split(/[\s/]+/);
  if (words[0] === 'synthesised') return words.slice(0, 3).join(' ');
  if (words[0] === 'Debian') return words.slice(0, 2).join(' ');
  if (source.startsWith('ringback')) return 'Debian asterisk-core-sounds-en-wav';
  return words.slice(0, 2).join(' ');
}

/** Groups dealt to `count` folds, the largest first to the smallest fold. */
export function folds(rows, count = 5) {
  const groups = new Map();
  for (const row of rows) {
    const group = sourceGroup(row.source);
    groups.set(group, [...(groups.get(group) ?? []), row]);
  }
  const dealt = Array.from({ length: count }, () => []);
  for (const [, members] of [...groups].toSorted((a, b) => b[1].length - a[1].length)) {
    dealt.toSorted((a, b) => a.length - b.length)[0].push(...members);
  }
  return dealt;
}
