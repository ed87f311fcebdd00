/** What the servers of a test file logged last, at warn and above: on stderr when the file fails, where the runner shows it. */
const kept = 40;
const lines: string[] = [];

/** Also a destination of createLog. */
export const lastWords = {
  write(text: string): void {
    for (const line of text.split('\n')) {
      // Neither the greeting nor what is below warn; a line that is no JSON is a crash's.
      if (/^(?:$|Graine \d| {2}\S|\{.*"level":"(?:info|debug)")/.test(line)) continue;
      lines.push(line.slice(0, 1000));
      if (lines.length > kept) lines.shift();
    }
  },
};

process.once('exit', (code) => {
  if (code !== 0 && lines.length > 0) process.stderr.write(`the servers logged last:\n${lines.join('\n')}\n`);
});

// The runner's word that this takes too long: whatever was started ends with us, and the lines above are shown.
process.once('SIGTERM', () => process.exit(143));
