// The page: a button, the microphone, and what the detector says. Audio goes from the audio thread to the detector's thread directly.
const show = (id) => document.getElementById(id);
// The newest lines are kept; a page may listen for days.
const MOST_LINES = 100;

const detector = new Worker('detector.js', { type: 'module' });
detector.onerror = (event) => fail(event.message ?? 'the detector could not be loaded');
detector.onmessage = ({ data }) => {
  if (data.error) fail(data.error);
  if (data.ready) {
    show('state').textContent = `ready: ${data.ready}`;
    show('listen').disabled = false;
  }
  if (data.heard !== undefined) show('heard').value = data.heard.toFixed(1);
  for (const { event, seconds } of data.events ?? []) {
    const speech = event === 'speech-started';
    show('state').textContent = speech ? 'speech' : 'silence';
    show('state').className = speech ? 'speech' : '';
    const line = show('events').appendChild(document.createElement('li'));
    Object.assign(line.dataset, { event, seconds });
    line.textContent = `${event} at ${seconds.toFixed(2)} s`;
    if (show('events').childElementCount > MOST_LINES) show('events').firstElementChild.remove();
  }
};

show('listen').onclick = async () => {
  show('listen').disabled = true;
  try {
    // The model wants speech as it is, at the rate of the contract: the browser resamples.
    const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const microphone = await navigator.mediaDevices.getUserMedia({ audio: { ...raw, channelCount: 1 } });
    const audio = new AudioContext({ sampleRate: 16000 });
    await audio.audioWorklet.addModule('capture.js');
    const capture = new AudioWorkletNode(audio, 'capture', { numberOfOutputs: 0, channelCount: 1, channelCountMode: 'explicit' });
    const { port1, port2 } = new MessageChannel();
    detector.postMessage({ samples: port1 }, [port1]);
    capture.port.postMessage({ samples: port2 }, [port2]);
    audio.createMediaStreamSource(microphone).connect(capture);
    show('state').textContent = 'silence';
  } catch (error) {
    show('listen').disabled = false;
    fail(`no microphone: ${error.message}`);
  }
};

function fail(message) {
  show('error').textContent = message;
}
