"use strict";
// The console: one conversation with the service that has served this page. Everything shown comes from the event stream of a turn.

const find = (id) => document.getElementById(id);
let session = null;
let turn = null;

// --- Speech of an answer: pieces of PCM, played one after the other as they arrive.

class Player {
  constructor() {
    this.context = new AudioContext();
    this.end = 0;
    this.sources = new Set();
  }

  play(base64, rate) {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const samples = new Int16Array(bytes.buffer, 0, bytes.length >> 1);
    if (samples.length === 0) return;
    const buffer = this.context.createBuffer(1, samples.length, rate);
    const channel = buffer.getChannelData(0);
    for (let i = 0; i < samples.length; i++) channel[i] = samples[i] / 32768;
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.context.destination);
    this.end = Math.max(this.end, this.context.currentTime + 0.02);
    source.start(this.end);
    this.end += buffer.duration;
    this.sources.add(source);
    source.onended = () => this.sources.delete(source);
  }

  stop() {
    for (const source of this.sources) source.stop();
    this.context.close();
  }
}

// --- One turn on the page.

class Turn {
  constructor(question) {
    const item = find("turn").content.cloneNode(true).querySelector("li");
    const part = (name) => item.querySelector("." + name);
    this.parts = { question: part("question"), answer: part("answer"), cards: part("cards"), notes: part("notes") };
    this.parts.question.textContent = question;
    find("turns").prepend(item);
    this.abort = new AbortController();
    this.cards = new Map();
    this.player = null;
  }

  // The events of docs/api.md; unknown ones mean nothing.
  take(name, data) {
    switch (name) {
      case "speech-started": state("Listening"); break;
      case "partial": this.parts.question.textContent = data.text + " ..."; break;
      case "transcript": this.parts.question.textContent = data.text || "(nothing was heard)"; break;
      case "items": data.items.forEach((card) => this.show(card)); break;
      case "token": this.parts.answer.textContent += data.text; break;
      case "audio":
        this.player ??= new Player();
        this.player.play(data.audio, data.sample_rate_hz);
        state("Speaking");
        break;
      case "mentioned":
        data.item_ids.forEach((id) => this.cards.get(id)?.classList.add("mentioned"));
        break;
      case "degraded": this.note("without its best " + data.stage + ": " + data.reason); break;
      case "done":
        session = data.session_id;
        this.parts.answer.textContent = data.response;
        this.note(summary(data));
        state("");
        break;
      case "error": this.fail(data); break;
    }
  }

  show(card) {
    const box = document.createElement("article");
    box.className = "card";
    const line = (tag, text) => {
      if (!text) return;
      const element = document.createElement(tag);
      element.textContent = text;
      box.append(element);
    };
    line("h2", card.title);
    line("p", card.summary);
    line("p", [card.organisation, years(card)].filter(Boolean).join(", "));
    box.title = (card.score?.reasons ?? []).join("\n");
    this.cards.set(card.id, box);
    this.parts.cards.append(box);
  }

  note(text) {
    const before = this.parts.notes.textContent;
    this.parts.notes.textContent = before ? before + "; " + text : text;
  }

  fail(problem) {
    const about = problem.error?.message ?? problem.detail ?? problem.title ?? "something went wrong";
    this.parts.notes.textContent = about + (problem.request_id ? " (request " + problem.request_id + ")" : "");
    if (problem.code === "SESSION_EXPIRED" || problem.code === "SESSION_NOT_FOUND") session = null;
    state("");
  }

  cancel() {
    this.abort.abort();
    this.player?.stop();
    this.player = null;
    state("");
  }
}

const years = (card) =>
  card.start_year ? card.start_year + (card.end_year && card.end_year !== card.start_year ? " to " + card.end_year : "") : "";

function summary(answer) {
  const { timing, metadata } = answer;
  const parts = [metadata.query_intent, "answered in " + timing.total_ms + " ms"];
  if (timing.first_audio_ms != null) parts.push("first audio after " + timing.first_audio_ms + " ms");
  return parts.filter(Boolean).join(", ");
}

// --- Requests.

const headers = (more) => {
  const key = find("key").value;
  return key ? { ...more, authorization: "Bearer " + key } : more;
};

async function ask(question, path, body, type) {
  turn?.cancel();
  const mine = (turn = new Turn(question));
  find("stop").disabled = false;
  state("Thinking");
  try {
    const accept = { accept: "text/event-stream" };
    const response = await fetch(path, {
      method: "POST",
      headers: headers(type ? { ...accept, "content-type": type } : accept),
      body,
      signal: mine.abort.signal,
    });
    if (!response.ok) return mine.fail(await response.json().catch(() => ({ detail: "answered " + response.status })));
    let ended = false;
    for await (const [name, data] of events(response.body)) {
      mine.take(name, data);
      ended ||= name === "done" || name === "error";
    }
    if (!ended) mine.fail({ detail: "the answer broke off" });
  } catch (error) {
    if (error.name !== "AbortError") mine.fail({ detail: "no answer: " + error.message });
  }
}

// Server-sent events out of a body, as this service writes them: `event` and `data`, one line each.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
      const fields = Object.fromEntries(
        text.slice(0, end).split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trimStart()]),
      );
      if (fields.data) yield [fields.event ?? "message", JSON.parse(fields.data)];
    }
  }
}

function wishes() {
  const wishes = { session_id: session, voice: find("voice").value, strategy: find("strategy").value };
  return Object.fromEntries(Object.entries(wishes).filter(([, value]) => value));
}

function askInWriting(event) {
  event.preventDefault();
  const text = find("text").value.trim();
  if (!text) return;
  find("text").value = "";
  ask(text, "process/text", JSON.stringify({ text, speak: find("speak").checked, ...wishes() }), "application/json");
}

function askAloud(recording) {
  const form = new FormData();
  for (const [name, value] of Object.entries(wishes())) form.append(name, value);
  form.append("speak", String(find("speak").checked));
  // Last, so that the fields before it are known while it arrives.
  form.append("audio_file", recording, "question");
  ask("...", "process", form);
}

// --- The microphone: a click begins, another one ends.

let recorder = null;

async function record() {
  if (recorder) return recorder.stop();
  turn?.cancel();
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    recorder = new MediaRecorder(stream);
    const pieces = [];
    recorder.ondataavailable = (event) => pieces.push(event.data);
    recorder.onstop = () => {
      stream.getTracks().forEach((track) => track.stop());
      const type = recorder.mimeType;
      recorder = null;
      find("record").setAttribute("aria-pressed", "false");
      find("record").textContent = "Speak";
      askAloud(new Blob(pieces, { type }));
    };
    recorder.start();
    find("record").setAttribute("aria-pressed", "true");
    find("record").textContent = "Done";
    state("Recording");
  } catch (error) {
    state("No microphone: " + error.message);
  }
}

// --- The rest of the page.

function state(text) {
  find("state").textContent = text;
}

async function voices() {
  const response = await fetch("tts/voices", { headers: headers({}) }).catch(() => null);
  if (!response?.ok) return;
  const { voices } = await response.json();
  find("voice").replaceChildren(new Option("default", ""), ...voices.map((voice) => new Option(voice.display_name + " (" + voice.locale + ")", voice.name)));
}

find("ask").addEventListener("submit", askInWriting);
find("record").addEventListener("click", record);
find("stop").addEventListener("click", () => turn?.cancel());
find("renew").addEventListener("click", () => {
  turn?.cancel();
  session = null;
  find("turns").replaceChildren();
});
find("key").addEventListener("change", voices);
voices();
