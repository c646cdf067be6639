// In a worker: the component, with the model's folder in memory. Takes frames, tells what became certain.
import { _setEnv } from './shim/cli.js';
import { _setPreopens } from './shim/filesystem.js';

const MODEL = 'silero-vad';
const FILES = ['silero_vad_16k_sequence.onnx'];
// As the contract has them, but for the silence that ends speech: a listener does not want to hear of each breath.
const OPTIONS = { threshold: 0.5, minSpeechMs: 250, minSilenceMs: 500, speechPadMs: 30 };
const RATE = 16000;

try {
  const dir = {};
  for (const name of FILES) dir[name] = { source: await bytes(`models/${MODEL}/${name}`) };
  // All that the component can see: one folder and one variable.
  _setPreopens({ [`/models/${MODEL}`]: { dir } });
  _setEnv({ VAD_MODEL: MODEL });
  // Imported late, because a component takes its environment when it is instantiated.
  const { vad } = await import('./vad/vad-silero.js');
  const { name, version, model } = vad.describe();
  onmessage = ({ data }) => listen(vad.open(OPTIONS), data.samples);
  postMessage({ ready: `${name} ${version} with ${model}` });
} catch (error) {
  postMessage({ error: said(error) });
}

function listen(detector, samples) {
  let nSamples = 0;
  samples.onmessage = ({ data }) => {
    try {
      const events = detector.push(data).map(({ tag, val }) => ({ event: tag, seconds: Number(val) / RATE }));
      nSamples += data.length;
      postMessage({ heard: nSamples / RATE, events });
    } catch (error) {
      samples.close();
      postMessage({ error: said(error) });
    }
  };
}

async function bytes(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** What a component returns as an error arrives as an exception with a payload. */
function said(error) {
  return error.payload ? `${error.payload.tag}: ${error.payload.val ?? ''}` : `${error.message ?? error}`;
}
