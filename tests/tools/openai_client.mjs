// OpenAI's own client for JavaScript, asking us: nothing but its base URL is changed.
//
//     node openai_client.mjs http://127.0.0.1:PORT RECORDING.wav
//
// Prints what it got as one JSON object. Whatever the client does not understand ends it with status 1. The package is found through
// COLLOQUY_NODE, the folder of the tests' packages.
import { createReadStream, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const OpenAI = createRequire(join(process.env.COLLOQUY_NODE, 'package.json'))('openai');
const [base, recording] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: 'none', maxRetries: 0, timeout: 180_000 });

const SENTENCE = 'The first compiler was written in nineteen fifty two.';

async function transcribed() {
  const ask = (more) =>
    client.audio.transcriptions.create({ file: createReadStream(recording), model: 'whisper-1', ...more });
  const verbose = await ask({ response_format: 'verbose_json', timestamp_granularities: ['segment'], language: 'en' });
  const events = [];
  for await (const event of await ask({ stream: true })) events.push(event);
  return {
    json: (await ask({})).text,
    text: await ask({ response_format: 'text' }),
    srt: await ask({ response_format: 'srt', prompt: 'The President of the United States.' }),
    vtt: await ask({ response_format: 'vtt' }),
    verbose,
    n_segments: verbose.segments.length,
    deltas: events.filter((event) => event.type === 'transcript.text.delta').map((event) => event.delta).join(''),
    done: events.filter((event) => event.type === 'transcript.text.done').map((event) => event.text),
    last: events.at(-1).type,
  };
}

function wav(samples) {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(24_000, 24);
  head.writeUInt32LE(48_000, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

// Every format as a stream of bytes, and what is heard in it.
async function spoken() {
  const heard = {};
  for (const name of ['wav', 'mp3', 'flac', 'opus', 'pcm']) {
    const response = await client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: SENTENCE, response_format: name });
    const chunks = [];
    for await (const chunk of response.body) chunks.push(Buffer.from(chunk));
    const bytes = Buffer.concat(chunks);
    // 24 kHz, 16 bits, as OpenAI defines it.
    const audio = name === 'pcm' ? wav(bytes) : bytes;
    const file = await OpenAI.toFile(audio, `speech.${name}`);
    const { text } = await client.audio.transcriptions.create({ file, model: 'whisper-1', language: 'en' });
    heard[name] = { type: response.headers.get('content-type'), n_bytes: audio.length, n_chunks: chunks.length, heard: text };
  }
  return heard;
}

async function chatted() {
  const messages = [
    { role: 'system', content: 'You are a guide.' },
    { role: 'user', content: 'Who was Grace Hopper?' },
    { role: 'assistant', content: 'A computer scientist and an admiral.' },
    { role: 'user', content: 'Which compilers did she write?' },
  ];
  const whole = await client.chat.completions.create({ model: 'gpt-4o-mini', messages });
  let [text, usage, items] = ['', null, 0];
  const [roles, finish] = [[], []];
  const stream = await client.chat.completions.create({
    model: 'gpt-4o-mini',
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  for await (const chunk of stream) {
    usage = chunk.usage ?? usage;
    items += chunk.colloquy?.items?.length ?? 0;
    for (const { delta, finish_reason } of chunk.choices) {
      text += delta.content ?? '';
      if (delta.role) roles.push(delta.role);
      if (finish_reason) finish.push(finish_reason);
    }
  }
  const aloud = await client.chat.completions.create({
    model: 'gpt-4o-audio-preview',
    modalities: ['text', 'audio'],
    audio: { voice: 'alloy', format: 'wav' },
    messages: [
      {
        role: 'user',
        content: [{ type: 'input_audio', input_audio: { data: readFileSync(recording).toString('base64'), format: 'wav' } }],
      },
    ],
  });
  const { audio } = aloud.choices[0].message;
  const file = Buffer.from(audio.data, 'base64');
  return {
    whole: whole.choices[0].message.content,
    finish_whole: whole.choices[0].finish_reason,
    usage_whole: whole.usage,
    items_whole: whole.colloquy.items.length,
    streamed: text,
    roles,
    finish,
    usage,
    items,
    asked_aloud: aloud.colloquy.transcription,
    said_aloud: audio.transcript,
    seconds_aloud: (file.length - 44) / file.readUInt32LE(28),
  };
}

// What the client makes of each mistake.
async function refused() {
  const question = [{ role: 'user', content: 'Hello?' }];
  const mistake = async (call) => {
    try {
      await call();
    } catch (error) {
      if (!(error instanceof OpenAI.APIError)) throw error;
      const { status, code, param, type, message, requestID } = error;
      return { exception: error.constructor.name, status, code, param, type, message, request_id: requestID };
    }
    return { exception: null };
  };
  const transcribe = (bytes, more) => async () =>
    client.audio.transcriptions.create({ file: await OpenAI.toFile(bytes, 'a.wav'), model: 'whisper-1', ...more });
  const audio = readFileSync(recording);
  const chat = (more) => () => client.chat.completions.create({ model: 'gpt-4o', messages: question, ...more });
  return {
    no_such_model: await mistake(chat({ model: 'gpt-0' })),
    no_such_model_shown: await mistake(() => client.models.retrieve('gpt-0')),
    two_answers: await mistake(chat({ n: 2 })),
    tools: await mistake(chat({ tools: [{ type: 'function', function: { name: 'f' } }] })),
    words: await mistake(transcribe(audio, { response_format: 'verbose_json', timestamp_granularities: ['word'] })),
    no_audio: await mistake(transcribe(Buffer.from('not a recording'.repeat(100)), {})),
    translation: await mistake(async () =>
      client.audio.translations.create({ file: await OpenAI.toFile(audio, 'a.wav'), model: 'whisper-1' }),
    ),
    no_such_voice: await mistake(() => client.audio.speech.create({ model: 'tts-1', voice: 'nobody-there', input: 'Hello.' })),
  };
}

const models = [];
for await (const model of client.models.list()) models.push(model);
console.log(
  JSON.stringify({
    transcribed: await transcribed(),
    spoken: await spoken(),
    chatted: await chatted(),
    models,
    alias: (await client.models.retrieve('whisper-1')).id,
    refused: await refused(),
  }),
);
