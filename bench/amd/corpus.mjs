// The labelled recordings of ../shared/audio/amd: rows of labels.csv with their sound.
import fs from 'node:fs';
import path from 'node:path';

const number = (text) => (text === '' ? undefined : Number(text));

/** Rows of a CSV file with quoted cells, as objects by header. */
export function readCsv(file) {
  const [head, ...lines] = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map(cells);
  return lines.map((line) => Object.fromEntries(head.map((name, i) => [name, line[i] ?? ''])));
}

function cells(line) {
  const found = [];
  const cell = /("((?:[^"]|"")*)"|[^,]*)(,|$)/g;
  for (let match = cell.exec(line); match !== null; match = cell.exec(line)) {
    found.push(match[2] === undefined ? match[1] : match[2].replaceAll('""', '"'));
    if (match[3] === '') break;
  }
  return found;
}

/** Recordings of a folder: label, times in seconds, and `samples` at 8 kHz. `readWav` is the server's own. */
export function readCorpus(folder, readWav) {
  return readCsv(path.join(folder, 'labels.csv')).map((row) => ({
    file: row.file,
    label: row.label,
    kind: row.kind,
    source: row.source,
    difficulty: row.difficulty,
    noise: row.noise,
    beepAt: number(row.beep_at_s),
    beepEnd: number(row.beep_end_s),
    speechStart: number(row.speech_start_s),
    speechEnd: number(row.speech_end_s),
    secondAt: number(row.second_speech_s),
    greetingEnd: number(row.greeting_end_s),
    samples: readWav(fs.readFileSync(path.join(folder, row.file))).channels[0],
  }));
}
