// The two thresholds and the likelihood of amd-model.ts from recordings: where people end, plus a margin; never where machines begin.
import { AmdDetector } from '../../src/media/detect/amd-detector.ts';
import { amdModel } from '../../src/media/detect/amd-model.ts';
import { fit } from './logistic.mjs';

const FRAME = 160;
/** People we have not heard talk longer, and pick up later, than those we have. */
const LONGER = 1.28;
const LATER_MS = 300;
/** Speakers differ in speed. */
const stretches = [0.85, 1, 1.15];

/** What the detector heard of a greeting by its end: length and delay, s. */
export function heard({ samples, speechEnd }) {
  const detector = new AmdDetector({}, () => {});
  const end = Math.min(samples.length, (speechEnd + 0.2) * 8000);
  for (let at = 0; at + FRAME <= end; at += FRAME) detector.push(samples.subarray(at, at + FRAME));
  return detector.said;
}

/** Thresholds, ms, by the people among `rows`. */
export function fitModel(rows) {
  const people = rows
    .filter(({ label }) => label === 'human')
    .map(heard)
    .filter((said) => said !== undefined);
  const longest = Math.max(...people.map(({ length }) => length * 1000));
  const latest = people.filter(({ length }) => length * 1000 >= amdModel.lateLeast).map(({ delay }) => delay * 1000);
  const lateGreeting = longest * 1.15 + amdModel.lateWeight * (Math.max(0, ...latest) + LATER_MS);
  return { longGreeting: Math.round(longest * LONGER), lateGreeting: Math.round(lateGreeting) };
}

/** Logistic weights by all `rows`; each row also slower and faster, people and machines with equal weight. */
export function fitLikelihood(rows) {
  const known = rows.map((row) => ({ ...row, said: heard(row) })).filter(({ said }) => said !== undefined);
  const humans = known.filter(({ label }) => label === 'human').length;
  const weightOf = (label) => known.length / (label === 'human' ? humans : known.length - humans) / 2;
  const [bias, length, delay] = fit(
    known.flatMap(({ said, label }) =>
      stretches.map((stretch) => ({
        x: [said.length * stretch, Math.min(said.delay, 2.5)],
        y: label === 'machine' ? 1 : 0,
        weight: weightOf(label),
      })),
    ),
  );
  return { bias, length, delay };
}
