// Opens the page of examples/vad-browser in headless Chromium with a recording in place of the microphone, and prints as JSON what the
// page showed.
//
//     node listen.mjs URL CHROMIUM RECORDING.wav SECONDS
//
// Waits until the page has heard that many seconds. An error that the page shows or logs ends it with status 1. playwright-core is found
// through COLLOQUY_NODE, the folder of the tests' packages.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { chromium } = createRequire(join(process.env.COLLOQUY_NODE, 'package.json'))('playwright-core');
const [url, executablePath, recording, seconds] = process.argv.slice(2);
const LIMIT_MS = 180_000;

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
  await page.goto(url);
  await page.click('#listen', { timeout: LIMIT_MS });
  await page.waitForFunction(
    (seconds) => document.querySelector('#error').textContent !== '' || Number(document.querySelector('#heard').value) >= seconds,
    Number(seconds),
    { timeout: LIMIT_MS },
  );
  const shown = await page.$$eval('#events li', (lines) => lines.map(({ dataset }) => ({ event: dataset.event, seconds: Number(dataset.seconds) })));
  const error = (await page.textContent('#error')) || logged.join('\n');
  if (error) {
    console.error(error);
    process.exitCode = 1;
  }
  console.log(JSON.stringify({ events: shown, state: await page.textContent('#state') }));
} finally {
  await browser.close();
}
