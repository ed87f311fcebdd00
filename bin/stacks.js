/** Stack traces of a bundled file (scripts/bundle.mjs) name the lines of its sources. */
import fs from 'node:fs';

/** Nothing is read before the first trace. `file`: the bundle, with `.lines` beside it. */
export function readableStacks(file) {
  let lines;
  const place = (text, at) => {
    lines ??= read(file.replace(/\.c?js$/, '.lines'));
    const packed = lines.at[Number(at) - 1];
    return packed ? `${lines.files[packed >>> 16]}:${packed & 0xffff}` : text;
  };
  const here = new RegExp(`(?:file://)?${file.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}:(\\d+):\\d+`, 'g');
  Error.prepareStackTrace = (fault, sites) =>
    [Error.prototype.toString.call(fault), ...sites].join('\n    at ').replaceAll(here, place);
}

/** For each line of the bundle a file and its line, 16 bits each; before them a line of JSON with the files. */
function read(file) {
  try {
    const bytes = fs.readFileSync(file);
    const end = bytes.indexOf(10);
    const at = new Uint32Array(Uint8Array.from(bytes.subarray(end + 1)).buffer);
    return { files: JSON.parse(bytes.toString('utf8', 0, end)), at };
  } catch {
    return { files: [], at: [] };
  }
}
