"""Has the real edge-tts client (a program of its own, LGPL) speak through the emulator, to see whether the emulator is right.

usage: edge_client.py PORT TEXT OUT.mp3

Prints the short names of the voices that it was told, one a line.
"""

import asyncio
import sys

import edge_tts
import edge_tts.communicate
import edge_tts.voices

HOST = "speech.platform.bing.com"


async def main(port, text, path):
    here = f"127.0.0.1:{port}"
    for module, name in ((edge_tts.communicate, "WSS_URL"), (edge_tts.voices, "VOICE_LIST")):
        address = getattr(module, name)
        if HOST not in address:
            sys.exit(f"{name} is {address}")
        address = address.replace(HOST, here).replace("wss://", "ws://").replace("https://", "http://")
        setattr(module, name, address)
    for voice in await edge_tts.list_voices():
        print(voice["ShortName"])
    await edge_tts.Communicate(text, "en-US-EmmaMultilingualNeural", rate="+10%").save(path)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
