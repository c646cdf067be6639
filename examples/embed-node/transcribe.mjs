// Transcribes a 16 kHz mono 16-bit WAV file with the component asr-whisper, without a server.
//
//     node transcribe.mjs FILE.wav [FOLDER OF A MODEL]
import { readFileSync } from 'node:fs';
import { _setEnv } from '@bytecodealliance/preview2-shim/cli';
import { _setPreopens } from '@bytecodealliance/preview2-shim/filesystem';

const [file, model = '../../models/whisper-tiny.en'] = process.argv.slice(2);
if (!file) fail('usage: node transcribe.mjs FILE.wav [FOLDER OF A MODEL]');

// The component sees one folder and one variable. By default the shim would show it the whole disk and our environment.
_setPreopens({ '/models/speech': model });
_setEnv({ ASR_MODEL: 'speech' });
// Made by `npm run build`. Imported late, because a component takes its environment when it is instantiated.
const { asr } = await import('./asr/asr-whisper.js');

try {
  const options = { temperature: 0, strategy: 'balanced' };
  // An empty list of spans: hear everything. With a VAD in front it would hear only speech.
  using(asr.transcribe(samples(readFileSync(file)), [], options), (transcription) => {
    for (let segment; (segment = transcription.next()); ) console.log(segment.text);
  });
} catch (error) {
  // What a component returns as an error arrives as an exception with a payload.
  fail(error.payload ? `${error.payload.tag}: ${error.payload.val ?? ''}` : error.message);
}

/** Samples of the WAV file, which must be what the contract asks for. */
function samples(bytes) {
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE') fail(`${file} is not a WAV file`);
  let right = false;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const [name, size, body] = [bytes.toString('latin1', at, at + 4), bytes.readUInt32LE(at + 4), at + 8];
    if (name === 'fmt ') {
      const [coding, channels, rate, bits] = [bytes.readUInt16LE(body), bytes.readUInt16LE(body + 2), bytes.readUInt32LE(body + 4), bytes.readUInt16LE(body + 14)];
      right = coding === 1 && channels === 1 && rate === 16000 && bits === 16;
    }
    if (name === 'data') {
      if (!right) fail(`${file} is not 16 kHz mono 16-bit PCM; try: ffmpeg -i ${file} -ar 16000 -ac 1 -c:a pcm_s16le out.wav`);
      // Copied, because a view of 16-bit numbers must start at an even address.
      const data = new Uint8Array(bytes.subarray(body, body + size));
      return new Int16Array(data.buffer, 0, data.length >> 1);
    }
    at = body + size + (size & 1);
  }
  fail(`${file} has no samples`);
}

/** Dropping a transcription cancels the rest of its work. */
function using(resource, use) {
  try {
    use(resource);
  } finally {
    resource[Symbol.dispose]();
  }
}

function fail(message) {
  console.error(`error: ${message}`);
  process.exit(1);
}
