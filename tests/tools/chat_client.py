"""OpenAI's own client, asking a chat server as llm-openai does.

    python chat_client.py http://127.0.0.1:PORT MODEL QUESTION

Prints what it understood of the stream as one JSON object.
"""

import json
import sys

import openai


def main(base: str, model: str, question: str) -> None:
    client = openai.OpenAI(base_url=f"{base}/v1", api_key="none", max_retries=0, timeout=120)
    stream = client.chat.completions.create(
        model=model,
        messages=[{"role": "system", "content": "You are a guide."}, {"role": "user", "content": question}],
        stream=True,
        stream_options={"include_usage": True},
        max_tokens=100,
        temperature=0.4,
    )
    text, finish, usage = "", None, None
    for chunk in stream:
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
        usage = chunk.usage or usage
    print(
        json.dumps(
            {
                "text": text,
                "finish": finish,
                "prompt_tokens": usage and usage.prompt_tokens,
                "completion_tokens": usage and usage.completion_tokens,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
