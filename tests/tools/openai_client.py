"""OpenAI's own client for Python, asking us: nothing but its base URL is changed.

    python openai_client.py http://127.0.0.1:PORT RECORDING.wav

Prints what it got as one JSON object. Whatever the client does not understand ends it with a traceback.
"""

import base64
import io
import json
import sys
import wave

import openai

SENTENCE = "The first compiler was written in nineteen fifty two."
FORMATS = ["wav", "mp3", "flac", "opus", "pcm"]


def transcribed(client: openai.OpenAI, recording: str) -> dict:
    def ask(**more):
        with open(recording, "rb") as file:
            return client.audio.transcriptions.create(file=file, model="whisper-1", **more)

    verbose = ask(response_format="verbose_json", timestamp_granularities=["segment"], language="en", temperature=0.0)
    events = list(ask(stream=True))
    return {
        "json": ask().text,
        "text": ask(response_format="text"),
        "srt": ask(response_format="srt", prompt="The President of the United States."),
        "vtt": ask(response_format="vtt"),
        "verbose": verbose.to_dict(),
        "n_segments": len(verbose.segments),
        "deltas": "".join(event.delta for event in events if event.type == "transcript.text.delta"),
        "done": [event.text for event in events if event.type == "transcript.text.done"],
        "last": events[-1].type,
    }


def spoken(client: openai.OpenAI) -> dict:
    """Every format as a stream of bytes, and what is heard in it."""
    heard = {}
    for name in FORMATS:
        chunks = []
        with client.audio.speech.with_streaming_response.create(
            model="tts-1", voice="alloy", input=SENTENCE, response_format=name
        ) as response:
            kind = response.headers["content-type"]
            chunks.extend(response.iter_bytes(4096))
        audio = b"".join(chunks)
        if name == "pcm":
            # 24 kHz, 16 bits, as OpenAI defines it.
            file = io.BytesIO()
            with wave.open(file, "wb") as out:
                out.setnchannels(1)
                out.setsampwidth(2)
                out.setframerate(24_000)
                out.writeframes(audio)
            audio = file.getvalue()
        text = client.audio.transcriptions.create(file=(f"speech.{name}", audio), model="whisper-1", language="en").text
        heard[name] = {"type": kind, "n_bytes": len(audio), "n_chunks": len(chunks), "heard": text}
    return heard


def chatted(client: openai.OpenAI, recording: str) -> dict:
    messages = [
        {"role": "system", "content": "You are a guide."},
        {"role": "user", "content": "Who was Grace Hopper?"},
        {"role": "assistant", "content": "A computer scientist and an admiral."},
        {"role": "user", "content": "Which compilers did she write?"},
    ]
    whole = client.chat.completions.create(model="gpt-4o-mini", messages=messages, temperature=0.3, max_tokens=200)
    text, roles, finish, usage, n_items = "", [], [], None, 0
    stream = client.chat.completions.create(
        model="gpt-4o-mini", messages=messages, stream=True, stream_options={"include_usage": True}
    )
    for chunk in stream:
        usage = chunk.usage or usage
        n_items += len((getattr(chunk, "colloquy", None) or {}).get("items", []))
        for choice in chunk.choices:
            text += choice.delta.content or ""
            roles += [choice.delta.role] if choice.delta.role else []
            finish += [choice.finish_reason] if choice.finish_reason else []
    with open(recording, "rb") as file:
        data = base64.b64encode(file.read()).decode()
    aloud = client.chat.completions.create(
        model="gpt-4o-audio-preview",
        modalities=["text", "audio"],
        audio={"voice": "alloy", "format": "wav"},
        messages=[{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}]}],
    )
    audio = aloud.choices[0].message.audio
    with wave.open(io.BytesIO(base64.b64decode(audio.data))) as file:
        seconds = file.getnframes() / file.getframerate()
    return {
        "whole": whole.choices[0].message.content,
        "finish_whole": whole.choices[0].finish_reason,
        "usage_whole": whole.usage.to_dict(),
        "items_whole": len(whole.colloquy["items"]),
        "streamed": text,
        "roles": roles,
        "finish": finish,
        "usage": usage.to_dict(),
        "items": n_items,
        "asked_aloud": aloud.colloquy["transcription"],
        "said_aloud": audio.transcript,
        "seconds_aloud": seconds,
    }


def refused(client: openai.OpenAI, recording: str) -> dict:
    """What the client makes of each mistake."""
    question = [{"role": "user", "content": "Hello?"}]

    def mistake(call) -> dict:
        try:
            call()
        except openai.APIStatusError as error:
            return {
                "exception": type(error).__name__,
                "status": error.status_code,
                "code": error.code,
                "param": error.param,
                "type": error.type,
                "message": error.message,
                "request_id": error.request_id,
            }
        return {"exception": None}

    with open(recording, "rb") as file:
        audio = file.read()
    transcribe = client.audio.transcriptions.create
    return {
        "no_such_model": mistake(lambda: client.chat.completions.create(model="gpt-0", messages=question)),
        "no_such_model_shown": mistake(lambda: client.models.retrieve("gpt-0")),
        "two_answers": mistake(lambda: client.chat.completions.create(model="gpt-4o", messages=question, n=2)),
        "tools": mistake(
            lambda: client.chat.completions.create(
                model="gpt-4o", messages=question, tools=[{"type": "function", "function": {"name": "f"}}]
            )
        ),
        "words": mistake(
            lambda: transcribe(
                file=("a.wav", audio), model="whisper-1", response_format="verbose_json", timestamp_granularities=["word"]
            )
        ),
        "no_audio": mistake(lambda: transcribe(file=("a.wav", b"not a recording" * 100), model="whisper-1")),
        "translation": mistake(lambda: client.audio.translations.create(file=("a.wav", audio), model="whisper-1")),
        "no_such_voice": mistake(lambda: client.audio.speech.create(model="tts-1", voice="nobody-there", input="Hello.")),
    }


def main(base: str, recording: str) -> None:
    client = openai.OpenAI(base_url=f"{base}/v1", api_key="none", max_retries=0, timeout=180)
    print(
        json.dumps(
            {
                "transcribed": transcribed(client, recording),
                "spoken": spoken(client),
                "chatted": chatted(client, recording),
                "models": [model.to_dict() for model in client.models.list()],
                "alias": client.models.retrieve("whisper-1").id,
                "refused": refused(client, recording),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
