"""Emulates the service that Microsoft Edge reads pages aloud with; Piper speaks, LAME encodes.

usage: edge_server.py CERTIFICATES_DIR

Serves on free ports of 127.0.0.1 until it is killed, and prints `ready PLAIN_PORT TLS_PORT STRANGE_PORT` when it does. The certificate of the
second port is from an authority of its own, written to CERTIFICATES_DIR/ca.pem; the one of the third from another authority, which nobody
knows. COLLOQUY_VOICE names the voice's .onnx file.

    GET  /consumer/speech/synthesize/readaloud/edge/v1               the WebSocket
    GET  /consumer/speech/synthesize/readaloud/voices/list           the voices
    POST /control                                                    how to behave from now on, see `Behaviour`
    GET  /seen                                                       everything since the last time, as JSON

Strict: a client that does not introduce itself as Edge does, or whose messages are not as they must be, is refused, and `wrong` says why.
`edge_client.py` runs the real edge-tts client against it.
"""

import asyncio
import dataclasses
import datetime
import fractions
import hashlib
import io
import itertools
import json
import os
import pathlib
import re
import ssl
import struct
import sys
import time
import xml.etree.ElementTree as ElementTree
from email.utils import format_datetime

import av
import numpy as np
import trustme
from aiohttp import WSMsgType, web
from piper import PiperVoice, SynthesisConfig

BASE = "/consumer/speech/synthesize/readaloud"
CLIENT_TOKEN = "6A5AA1D4EAFF4E9FB37E23D68491D6F4"
VOICES = [
    {
        "Name": "Microsoft Server Speech Text to Speech Voice (en-US, EmmaMultilingualNeural)",
        "ShortName": "en-US-EmmaMultilingualNeural",
        "Gender": "Female",
        "Locale": "en-US",
        "SuggestedCodec": "audio-24khz-48kbitrate-mono-mp3",
        "FriendlyName": "Microsoft Emma Online (Natural) - English (United States)",
        "Status": "GA",
        "VoiceTag": {"ContentCategories": ["Conversation"], "VoicePersonalities": ["Cheerful"]},
    },
]
FORMATS = ("audio-24khz-48kbitrate-mono-mp3", "raw-24khz-16bit-mono-pcm")
TIMESTAMP = r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d{4} \d\d:\d\d:\d\d GMT\+0000 \(Coordinated Universal Time\)"
SSML = "{http://www.w3.org/2001/10/synthesis}"
MAX_TEXT = 4096
# Not a multiple of an mp3 frame, as in the real service.
PIECE = 1000


@dataclasses.dataclass
class Behaviour:
    """`fault` is None or one of forbidden, busy, no-audio, cut, close, silence, wrong-format, wrong-frame, noise, endless-text."""

    fault: "str | None" = None
    # How far the service's clock is ahead of this machine's.
    clock_skew_s: int = 0


class Wrong(Exception):
    """A client that does something else than Edge."""


class Server:
    def __init__(self, voice):
        self.voice = voice
        self.behaviour = Behaviour()
        self.seen = []

    def see(self, **event):
        self.seen.append(event)

    def now(self):
        return time.time() + self.behaviour.clock_skew_s

    def token_fits(self, token):
        """Version 1 is checked; version 2 by its looks."""
        if re.fullmatch(r"[0-9A-F]{16}-[0-9A-F]{64}", token):
            return True
        ticks = int(self.now()) + 11_644_473_600
        steps = (ticks - ticks % 300 + step for step in (-300, 0, 300))
        fitting = {hashlib.sha256(f"{step * 10**7}{CLIENT_TOKEN}".encode()).hexdigest().upper() for step in steps}
        return token in fitting

    def refused(self, request):
        """The response for a client that may not in, if so."""
        date = datetime.datetime.fromtimestamp(self.now(), datetime.timezone.utc)
        headers = {"Date": format_datetime(date, usegmt=True)}
        if self.behaviour.fault == "busy":
            return web.Response(status=429, headers={"Retry-After": "7"})
        if self.behaviour.fault == "forbidden" or not self.token_fits(request.query.get("Sec-MS-GEC", "")):
            return web.Response(status=403, headers=headers)
        return None

    async def list_voices(self, request):
        return self.refused(request) or web.json_response(VOICES)

    async def control(self, request):
        self.behaviour = Behaviour(**await request.json())
        return web.Response()

    async def tell(self, _request):
        seen, self.seen = self.seen, []
        return web.json_response(seen)

    async def speak(self, request):
        query, headers = request.query, request.headers
        self.see(opened=True, query=dict(query), headers={name.lower(): value for name, value in headers.items()}, tls=request.secure)
        refusal = self.refused(request)
        if refusal is not None:
            self.see(refused=refusal.status)
            return refusal
        socket = web.WebSocketResponse(max_msg_size=1 << 20)
        try:
            introduced(query, headers)
        except Wrong as why:
            self.see(wrong=str(why))
            return web.Response(status=400)
        await socket.prepare(request)
        try:
            output_format, ssml = await asked(socket)
            text, percent = content(ssml)
            self.see(said=text, rate=percent, format=output_format)
            await self.answer(socket, request.transport, text, percent, output_format)
            async for message in socket:
                raise Wrong(f"a message after the last one: {message}")
        except Wrong as why:
            self.see(wrong=str(why))
            await socket.close(code=1002)
        except (ConnectionError, asyncio.CancelledError):
            # The client went away, which it may.
            pass
        finally:
            self.see(closed=True)
        return socket

    async def answer(self, socket, transport, text, percent, output_format):
        fault = self.behaviour.fault
        if fault == "noise":
            await socket.send_str("hello")
        await socket.send_str(text_message("turn.start", {"context": {"serviceTag": "0123456789abcdef"}}))
        await socket.send_str(text_message("response", {"context": {}, "audio": {"type": "inline", "streamId": "1"}}))
        if fault == "close":
            await socket.close(code=1007, message=b"Unsupported voice.")
            return
        if fault != "no-audio":
            loop = asyncio.get_running_loop()
            audio = await loop.run_in_executor(None, self.audio, text, percent, output_format)
            kind = {"wrong-format": "audio/webm"}.get(fault, "audio/mpeg" if output_format.endswith("mp3") else "audio/x-raw")
            for at in range(0, len(audio), PIECE):
                if at > len(audio) // 2 and fault in ("cut", "silence", "wrong-frame"):
                    await broken(socket, transport, fault, audio[at : at + PIECE])
                    return
                await socket.send_bytes(binary_message(kind, audio[at : at + PIECE]))
            metadata = {"Metadata": [{"Type": "SentenceBoundary", "Data": {"Offset": 1000000, "Duration": 1, "text": {"Text": text}}}]}
            await socket.send_str(text_message("audio.metadata", metadata))
            await socket.send_bytes(binary_message(None, b""))
        await socket.send_str(text_message("turn.end", {}))

    def audio(self, text, percent, output_format):
        """The text, spoken at this rate."""
        config = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0, length_scale=100 / (100 + percent))
        samples = np.concatenate([chunk.audio_int16_array for chunk in self.voice.synthesize(text, syn_config=config)])
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = self.voice.config.sample_rate
        if output_format.startswith("raw"):
            converter = av.AudioResampler(format="s16", layout="mono", rate=24000)
            parts = [part.to_ndarray() for source in (frame, None) for part in converter.resample(source)]
            return np.concatenate(parts, axis=1).astype("<i2").tobytes()
        return mp3(frame)


async def broken(socket, transport, fault, piece):
    if fault == "silence":
        # Until the client is gone.
        async for _message in socket:
            pass
    elif fault == "wrong-frame":
        await socket.send_bytes(struct.pack(">H", 60000) + piece)
    else:
        # The beginning of a frame of 1,000 bytes, and nothing after it.
        transport.write(b"\x82\x7e\x03\xe8" + piece[:10])
        transport.abort()


def introduced(query, headers):
    """Checks what Edge sends before the WebSocket."""
    expected = {
        "Origin": r"chrome-extension://jdiccldimpdaibmpdkjnbmckianbfold",
        "User-Agent": r"Mozilla/5\.0 \(.*\) AppleWebKit/537\.36 \(KHTML, like Gecko\) Chrome/\d+\.0\.0\.0 Safari/537\.36 +Edg/\d+\.0\.0\.0",
        "Pragma": r"no-cache",
        "Cache-Control": r"no-cache",
        "Accept-Language": r"en-US,en;q=0\.9",
        "Cookie": r"muid=[0-9A-F]{32};?",
        "Sec-WebSocket-Version": r"13",
    }
    for name, pattern in expected.items():
        if not re.fullmatch(pattern, headers.get(name, "")):
            raise Wrong(f"header {name}: {headers.get(name)!r}")
    expected = {
        "TrustedClientToken": CLIENT_TOKEN,
        "ConnectionId": r"[0-9a-f]{32}",
        "Sec-MS-GEC-Version": r"[12]-\d+(\.\d+){3}",
    }
    for name, pattern in expected.items():
        if not re.fullmatch(pattern, query.get(name, "")):
            raise Wrong(f"parameter {name}: {query.get(name)!r}")


async def asked(socket):
    """The two messages of a client: the format, the SSML."""
    headers, body = message(await socket.receive())
    if headers.get("Path") != "speech.config" or headers.get("Content-Type") != "application/json; charset=utf-8":
        raise Wrong(f"the first message: {headers}")
    if not re.fullmatch(TIMESTAMP, headers.get("X-Timestamp", "")):
        raise Wrong(f"the time: {headers}")
    audio = json.loads(body)["context"]["synthesis"]["audio"]
    if audio["outputFormat"] not in FORMATS:
        raise Wrong(f"the format: {audio}")
    if set(audio["metadataoptions"].values()) - {"true", "false"}:
        raise Wrong(f"metadata options: {audio}")
    headers, body = message(await socket.receive())
    if headers.get("Path") != "ssml" or headers.get("Content-Type") != "application/ssml+xml":
        raise Wrong(f"the second message: {headers}")
    if not re.fullmatch(r"[0-9a-f]{32}", headers.get("X-RequestId", "")):
        raise Wrong(f"the number: {headers}")
    if not re.fullmatch(TIMESTAMP + "Z", headers.get("X-Timestamp", "")):
        raise Wrong(f"the time: {headers}")
    return audio["outputFormat"], body


def message(received):
    """Headers and body of a text message."""
    if received.type != WSMsgType.TEXT:
        raise Wrong(f"no text: {received}")
    head, separator, body = received.data.partition("\r\n\r\n")
    if not separator:
        raise Wrong(f"no headers: {received.data!r}")
    return dict(line.split(":", 1) for line in head.split("\r\n")), body


def content(ssml):
    """The text and the rate in percent."""
    try:
        speak = ElementTree.fromstring(ssml)
    except ElementTree.ParseError as error:
        raise Wrong(f"no XML: {error}: {ssml!r}") from error
    voice = speak.find(f"{SSML}voice")
    prosody = voice.find(f"{SSML}prosody") if voice is not None else None
    if speak.tag != f"{SSML}speak" or prosody is None or len(prosody):
        raise Wrong(f"the document: {ssml!r}")
    if voice.get("name") not in (known["Name"] for known in VOICES):
        raise Wrong(f"the voice: {voice.get('name')!r}")
    rate = re.fullmatch(r"([+-]\d+)%", prosody.get("rate", ""))
    if not rate or prosody.get("pitch") != "+0Hz" or prosody.get("volume") != "+0%":
        raise Wrong(f"the prosody: {prosody.attrib}")
    # What is between the tags, as it was sent.
    sent = re.search(r"<prosody[^>]*>(.*)</prosody>", ssml, re.DOTALL).group(1)
    if len(sent.encode()) > MAX_TEXT:
        raise Wrong(f"{len(sent.encode())} bytes of text")
    return prosody.text, int(rate.group(1))


def text_message(path, body):
    headers = f"X-RequestId:0123456789abcdef0123456789abcdef\r\nContent-Type:application/json; charset=utf-8\r\nPath:{path}\r\n"
    return f"{headers}\r\n{json.dumps(body)}"


def binary_message(kind, data):
    lines = ["X-RequestId:0123456789abcdef0123456789abcdef"]
    if kind:
        lines.append(f"Content-Type:{kind}")
    lines += ["X-StreamId:0123456789ABCDEF0123456789ABCDEF", "Path:audio"]
    headers = "".join(f"{line}\r\n" for line in lines).encode()
    return struct.pack(">H", len(headers)) + headers + data


def mp3(frame):
    """24 kHz, 48 kbit/s, without any description of itself."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp3", options={"write_xing": "0", "id3v2_version": "0"}) as container:
        stream = container.add_stream("libmp3lame", rate=24000)
        context = stream.codec_context
        context.layout, context.format, context.bit_rate = "mono", "s16p", 48000
        context.open(strict=False)
        converter = av.AudioResampler(format="s16p", layout="mono", rate=24000, frame_size=context.frame_size)
        n_samples = 0
        for converted in itertools.chain(converter.resample(frame), converter.resample(None)):
            converted.pts, converted.time_base = n_samples, fractions.Fraction(1, 24000)
            n_samples += converted.samples
            container.mux(stream.encode(converted))
        container.mux(stream.encode(None))
    return out.getvalue()


def certified(authority):
    """TLS with a certificate for this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


async def main(folder):
    known, unknown = trustme.CA(), trustme.CA()
    known.cert_pem.write_to_path(str(folder / "ca.pem"))
    server = Server(PiperVoice.load(os.environ["COLLOQUY_VOICE"]))
    app = web.Application()
    app.add_routes(
        [
            web.get(f"{BASE}/edge/v1", server.speak),
            web.get(f"{BASE}/voices/list", server.list_voices),
            web.post("/control", server.control),
            web.get("/seen", server.tell),
        ]
    )
    runner = web.AppRunner(app)
    await runner.setup()
    ports = []
    for context in (None, certified(known), certified(unknown)):
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        ports.append(runner.addresses[len(ports)][1])
    print("ready", *ports, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    asyncio.run(main(pathlib.Path(sys.argv[1])))
