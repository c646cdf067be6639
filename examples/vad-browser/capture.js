// On the audio thread: collects frames of 512 samples (32 ms at 16 kHz) as 16-bit numbers and sends each on.
const FRAME = 512;

class Capture extends AudioWorkletProcessor {
  #frame = new Int16Array(FRAME);
  #filled = 0;
  #samples;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => (this.#samples = data.samples);
  }

  process([[channel]]) {
    if (!this.#samples || !channel) return true;
    for (const sample of channel) {
      this.#frame[this.#filled++] = Math.round(Math.max(-1, Math.min(1, sample)) * 32767);
      if (this.#filled === FRAME) {
        this.#samples.postMessage(this.#frame, [this.#frame.buffer]);
        this.#frame = new Int16Array(FRAME);
        this.#filled = 0;
      }
    }
    return true;
  }
}

registerProcessor('capture', Capture);
