// Uses the console of a host in headless Chromium, with a recording in place of the microphone, as a person would: asks in writing, goes on out
// loud. Prints as JSON what the page showed.
//
//     node console.mjs URL CHROMIUM RECORDING.wav SECONDS
//
// The microphone is on for that many seconds. What the page logs as an error ends it with status 1. playwright-core is found through
// COLLOQUY_NODE, the folder of the tests' packages.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { chromium } = createRequire(join(process.env.COLLOQUY_NODE, 'package.json'))('playwright-core');
const [url, executablePath, recording, seconds] = process.argv.slice(2);
const LIMIT = { timeout: 180_000 };

const browser = await chromium.launch({
  executablePath,
  args: [
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    `--use-file-for-fake-audio-capture=${recording}%noloop`,
    '--autoplay-policy=no-user-gesture-required',
    // Containers often have no user namespaces for Chromium's sandbox. The page is ours and there is no network.
    '--no-sandbox',
  ],
});
try {
  const page = await browser.newPage();
  const logged = [];
  page.on('pageerror', (error) => logged.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && logged.push(message.text()));
  // What is really played: every source that starts, in seconds of audio.
  await page.addInitScript(() => {
    window.played = 0;
    const start = AudioBufferSourceNode.prototype.start;
    AudioBufferSourceNode.prototype.start = function (...when) {
      window.played += this.buffer.duration;
      return start.apply(this, when);
    };
  });
  await page.goto(url);

  // The notes are complete once an answer is, or has failed.
  const answered = async (n) => {
    const ended = (n) => {
      const turns = document.querySelectorAll('#turns > li');
      return turns.length === n && turns[0].querySelector('.notes').textContent !== '' && document.querySelector('#state').textContent === '';
    };
    await page.waitForFunction(ended, n, LIMIT);
    const [turn] = await page.$$eval('#turns > li', (turns) =>
      turns.slice(0, 1).map((turn) => ({
        question: turn.querySelector('.question').textContent,
        answer: turn.querySelector('.answer').textContent,
        notes: turn.querySelector('.notes').textContent,
        cards: [...turn.querySelectorAll('.card h2')].map((title) => title.textContent),
      })),
    );
    return { ...turn, played: await page.evaluate(() => window.played) };
  };

  await page.fill('#text', 'What did she build at Harvard?');
  await page.click('#send');
  const written = await answered(1);

  await page.click('#record');
  await page.waitForFunction(() => document.querySelector('#record').getAttribute('aria-pressed') === 'true', undefined, LIMIT);
  await page.waitForTimeout(Number(seconds) * 1000);
  await page.click('#record');
  const spoken = await answered(2);

  const voices = await page.$$eval('#voice option', (options) => options.length);
  if (logged.length) {
    console.error(logged.join('\n'));
    process.exitCode = 1;
  }
  console.log(JSON.stringify({ written, spoken, voices }));
} finally {
  await browser.close();
}
