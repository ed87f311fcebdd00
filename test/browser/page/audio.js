// What a page says and hears: an oscillator for a microphone, a spectrum for an ear.
let context;

/** A stream with a tone of its own. */
export function microphone(hz) {
  context ??= new AudioContext();
  void context.resume();
  const oscillator = new OscillatorNode(context, { frequency: hz });
  const out = new MediaStreamAudioDestinationNode(context);
  oscillator.connect(new GainNode(context, { gain: 0.3 })).connect(out);
  oscillator.start();
  return out.stream;
}

/** Listens to a stream: the loudest tone now, in Hz, and how loud it is. */
export function ear(stream) {
  // Chromium moves no sound of a far end that no element plays.
  const element = new Audio();
  element.muted = true;
  element.srcObject = stream;
  void element.play().catch(() => {});
  const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
  new MediaStreamAudioSourceNode(context, { mediaStream: stream }).connect(analyser);
  const bins = new Float32Array(analyser.frequencyBinCount);
  return () => {
    analyser.getFloatFrequencyData(bins);
    let best = 0;
    for (let at = 1; at < bins.length; at++) if (bins[at] > bins[best]) best = at;
    return { hz: Math.round((best * context.sampleRate) / analyser.fftSize), db: Math.round(bins[best]) };
  };
}
