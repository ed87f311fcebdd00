// Before anything of the page: its microphone is an oscillator of `hz`, and every far end is listened to.
let context;
const own = () => (context ??= new AudioContext());

navigator.mediaDevices.getUserMedia = (wanted) => {
  globalThis.wanted = wanted;
  const out = new MediaStreamAudioDestinationNode(own());
  const tone = new OscillatorNode(own(), { frequency: globalThis.hz });
  tone.connect(new GainNode(own(), { gain: 0.3 })).connect(out);
  tone.start();
  return Promise.resolve(out.stream);
};

globalThis.ear = () => ({ hz: 0, db: -999 });

function listen({ streams: [stream] }) {
  if (stream === undefined) return;
  const analyser = new AnalyserNode(own(), { fftSize: 8192, smoothingTimeConstant: 0 });
  new MediaStreamAudioSourceNode(own(), { mediaStream: stream }).connect(analyser);
  const bins = new Float32Array(analyser.frequencyBinCount);
  globalThis.ear = () => {
    analyser.getFloatFrequencyData(bins);
    let best = 0;
    for (let at = 1; at < bins.length; at++) if (bins[at] > bins[best]) best = at;
    return { hz: Math.round((best * own().sampleRate) / analyser.fftSize), db: bins[best] };
  };
}

globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(options) {
    super(options);
    this.addEventListener('track', listen);
  }
};
