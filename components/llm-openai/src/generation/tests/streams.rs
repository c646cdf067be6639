//! The same answer in the dialects of five servers.

/// A delta with the role alone, usage in an event of its own.
pub(super) const OPENAI: &str = r#"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt","service_tier":"default","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"x"}

data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"She wrote **A-0**"},"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":" and led COBOL.\nITE"},"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"MS: a-0, cobol"},"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}

data: {"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":300,"completion_tokens":20,"total_tokens":320,"completion_tokens_details":{"reasoning_tokens":0}}}

data: [DONE]

"#;

/// gpt-oss on Groq: thoughts in a field of their own, usage in Groq's place and in OpenAI's.
pub(super) const GROQ: &str = r#"data: {"id":"chatcmpl-2","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"x_groq":{"id":"req_1","seed":1}}

data: {"id":"chatcmpl-2","choices":[{"index":0,"delta":{"channel":"analysis","reasoning":"The items: A-0 and COBOL."},"finish_reason":null}]}

data: {"id":"chatcmpl-2","choices":[{"index":0,"delta":{"content":"She wrote A-0 and led"},"finish_reason":null}]}

data: {"id":"chatcmpl-2","choices":[{"index":0,"delta":{"content":" COBOL.\n\nITEMS: a-0, cobol"},"finish_reason":null}]}

data: {"id":"chatcmpl-2","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"x_groq":{"id":"req_1","usage":{"queue_time":0.01,"prompt_tokens":300,"completion_tokens":50,"completion_tokens_details":{"reasoning_tokens":30}}}}

data: {"id":"chatcmpl-2","choices":[],"usage":{"prompt_tokens":300,"completion_tokens":50,"completion_tokens_details":{"reasoning_tokens":30}}}

data: [DONE]

"#;

/// The first delta has no content, pings are comments, usage comes with timings.
pub(super) const LLAMA_CPP: &str = r#"data: {"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}],"created":1,"model":"m.gguf","object":"chat.completion.chunk"}

: ping

data: {"choices":[{"finish_reason":null,"index":0,"delta":{"content":"She wrote A-0 and led COBOL."}}]}

data: {"choices":[{"finish_reason":null,"index":0,"delta":{"content":"\n"}}]}

data: {"choices":[{"finish_reason":null,"index":0,"delta":{"content":"ITEMS: 1, 2"}}]}

data: {"choices":[{"finish_reason":"stop","index":0,"delta":{}}]}

data: {"choices":[],"usage":{"completion_tokens":20,"prompt_tokens":300,"total_tokens":320},"timings":{"prompt_n":300}}

data: [DONE]

"#;

/// The role in each delta, the reason with an empty content.
pub(super) const OLLAMA: &str = r#"data: {"id":"chatcmpl-4","object":"chat.completion.chunk","system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"role":"assistant","content":"<think>\nLet me see.\n"},"finish_reason":null}]}

data: {"id":"chatcmpl-4","choices":[{"index":0,"delta":{"role":"assistant","content":"</think>\n\nShe wrote A-0 and led COBOL."},"finish_reason":null}]}

data: {"id":"chatcmpl-4","choices":[{"index":0,"delta":{"role":"assistant","content":"\n[\"a-0\", \"cobol\"]"},"finish_reason":null}]}

data: {"id":"chatcmpl-4","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"stop"}]}

data: {"id":"chatcmpl-4","choices":[],"usage":{"prompt_tokens":300,"completion_tokens":20,"total_tokens":320}}

data: [DONE]
"#;

/// Usage so far in each event, a stop reason beside the finish reason; no usage at the end.
pub(super) const VLLM: &str = r#"data: {"id":"chatcmpl-5","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"usage":{"prompt_tokens":300,"completion_tokens":0}}

data: {"id":"chatcmpl-5","choices":[{"index":0,"delta":{"reasoning_content":"hm"},"finish_reason":null}],"usage":{"prompt_tokens":300,"completion_tokens":10}}

data: {"id":"chatcmpl-5","choices":[{"index":0,"delta":{"content":"She wrote A-0 and led COBOL. ITEMS: [a-0, cobol]"},"finish_reason":"stop","stop_reason":null}],"usage":{"prompt_tokens":300,"completion_tokens":20}}

data: [DONE]

"#;
