// Words and how many of them were heard wrong.

const digits = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const spoken = { mr: 'mister', mrs: 'missus', oh: 'zero' };

/** Lower case, no punctuation; digits as they are said one by one, "oh" a zero, titles in full. */
export function wordsOf(text) {
  const plain = text
    .toLowerCase()
    .replaceAll("'", '')
    .replaceAll(/\d/g, (digit) => ` ${digits[digit]} `);
  return plain.split(/[^a-z]+/).flatMap((word) => (word === '' ? [] : [spoken[word] ?? word]));
}

/** Least number of words to change, add or leave out (Levenshtein). */
export function wordErrors(wanted, got) {
  let row = got.map((_, i) => i + 1);
  wanted.forEach((word, i) => {
    let corner = i;
    let left = i + 1;
    row = row.map((above, j) => {
      left = Math.min(above + 1, left + 1, corner + (got[j] === word ? 0 : 1));
      corner = above;
      return left;
    });
  });
  return row.at(-1) ?? wanted.length;
}
