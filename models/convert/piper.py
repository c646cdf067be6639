#!/usr/bin/env python3
"""Cuts a Piper (VITS) voice into the parts that `tts-piper` runs.

    piper.py SOURCE_DIR OUT_DIR [--no-verify]

SOURCE_DIR holds one `<voice>.onnx` with its `<voice>.onnx.json` and, if unknown words are to be pronounced, the
letter-to-sound weights `checkpoint20.npz` (see g2p.py). OUT_DIR becomes what the component mounts:

    text.onnx            ids [P], key_index [H,P,P], value_index [H,P,9] -> stats [P,2C], cond [P,C]
    duration_{1,2,3}.onnx  x [P,1], cond [P,C] -> spline [P,29]
    flow_{1..4}.onnx     x [1,C,T+16], mask [1,1,T+16] -> y [1,C,T]
    decoder_low.onnx     z [1,C,T] -> h [1,128,8T]
    decoder_high.onnx    h [1,128,L] -> audio [1,1,32L]
    voice.json           sample rate, phoneme ids, inference scales, constants of the duration model
    letters.bin          letter-to-sound weights (when checkpoint20.npz is there)

Why parts, and why rebuilt instead of carved out of the exported graph: the exported graph has data-dependent shapes
(NonZero, Range, a reshape that skews attention) that tract refuses, and everything between durations and audio has
to run in windows so that the first audio leaves early. The architecture is that of VITS (Kim et al. 2021,
arXiv:2106.06103) in the "medium" size of Piper; only the weights, the dilations and the strides come from the file.

Choices that make the parts small and fast without changing a result beyond rounding:
  * Text and durations are time-major ([time, channels]): layer norms read contiguous memory, and a convolution is
    one matrix product over shifted copies, which tract runs at full speed for any length. Flow and decoder run in
    windows of one length, for which tract's own convolution is the better one.
  * The relative position terms of the attention are gathered by index tables that the caller supplies.
  * The splines of the duration model are left to the caller; they are arithmetic on 29 numbers.
  * The channel reversals between the coupling layers of the flow are folded into their weights.
  * A coupling layer takes 8 frames of context on each side and returns only what is exact ("valid" convolutions), so
    that consecutive windows need no recomputation. Its mask marks frames that exist, as in training.
  * The division by three after each group of residual blocks is folded into the weights that follow it.

The default voice, en_US-joe-medium, was recorded as CC0 data but fine-tuned from a voice whose data licence could not be
checked. Weights are fetched, never shipped.

Not here: fetching the voice (xtask does), and everything that is text.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import g2p

OPSET = 15
COUPLING_LAYERS = 4
SPLINE_BINS = 10
# Frames of context that a coupling layer needs on each side: four convolutions of width 5.
FLOW_CONTEXT = 8


class ConversionError(Exception):
    """The voice is not of the kind that this converter knows; the text says what differs."""


def expect(condition: bool, problem: str) -> None:
    if not condition:
        raise ConversionError(problem)


# ----------------------------------------------------------------------------------------------------------------------
# Reading the voice


@dataclass
class Voice:
    """Weights by parameter name, and the nodes that use them for what only the graph knows."""

    weights: dict[str, np.ndarray]
    convolutions: dict[str, onnx.NodeProto]  # by the name of the weight or of the bias

    @staticmethod
    def load(path: Path) -> "Voice":
        model = onnx.load(str(path))
        weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        for node in model.graph.node:
            if node.op_type == "Constant":
                weights[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        convolutions = {}
        for node in model.graph.node:
            if node.op_type in ("Conv", "ConvTranspose"):
                for name in node.input[1:]:
                    convolutions[name] = node
        return Voice(weights, convolutions)

    def __getitem__(self, name: str) -> np.ndarray:
        expect(name in self.weights, f"the voice has no parameter {name}")
        return self.weights[name]

    def conv(self, prefix: str) -> tuple[np.ndarray, np.ndarray]:
        """Weight and bias of a convolution. Weights that were normalised during training lost their name, so they are found through their bias."""
        bias = self[prefix + ".bias"]
        return self[self.convolutions[prefix + ".bias"].input[1]], bias

    def attribute(self, weight: str, name: str) -> int:
        """A one-dimensional attribute (`dilations`, `strides`) of the convolution that uses this weight."""
        found = [a.ints[0] for a in self.convolutions[weight].attribute if a.name == name]
        return found[0] if found else 1


# ----------------------------------------------------------------------------------------------------------------------
# Writing graphs


@dataclass
class Graph:
    """A thin writer of ONNX graphs: tensors are strings, an operator returns the name of its output."""

    name: str
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)
    inputs: list[onnx.ValueInfoProto] = field(default_factory=list)
    outputs: list[onnx.ValueInfoProto] = field(default_factory=list)

    def input(self, name: str, shape: list, kind: int = TensorProto.FLOAT) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, tensor: str, name: str, shape: list) -> None:
        self.nodes.append(helper.make_node("Identity", [tensor], [name], name=name))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def const(self, value, dtype=np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(np.asarray(value, dtype)), name))
        return name

    def op(self, kind: str, *inputs: str, **attributes) -> str:
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def slice(self, x: str, axis: int, start: int, end: int) -> str:
        return self.op("Slice", x, *(self.const([v], np.int64) for v in (start, end, axis)))

    def rows(self, x: str, shift: int, spare: int) -> str:
        """Rows `shift .. len - (spare - shift)`: one of the shifted views that a convolution sums over."""
        if spare == 0:
            return x
        end = shift - spare
        return self.slice(x, 0, shift, end if end < 0 else np.iinfo(np.int64).max)

    def inner(self, x: str, spare: int) -> str:
        """`x` [1, C, T] without `spare` frames on each side."""
        return self.slice(x, 2, spare, -spare) if spare else x

    def pad_rows(self, x: str, before: int, after: int) -> str:
        return self.op("Pad", x, self.const([before, 0, after, 0], np.int64)) if before or after else x

    def save(self, folder: Path) -> None:
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="colloquy")
        model.ir_version = 8
        onnx.checker.check_model(model)
        onnx.save(model, str(folder / f"{self.name}.onnx"))


def linear(g: Graph, x: str, weight: np.ndarray, bias: np.ndarray) -> str:
    """[T, in] -> [T, out]; `weight` is [out, in] or that of a convolution of width 1."""
    return g.op("Add", g.op("MatMul", x, g.const(weight.reshape(weight.shape[:2]).T)), g.const(bias))


def convolution(g: Graph, x: str, weight: np.ndarray, bias: np.ndarray) -> str:
    """"Valid" convolution over rows: [T, in] -> [T - width + 1, out]; `weight` is [out, in, width]."""
    width = weight.shape[2]
    shifted = g.op("Concat", *(g.rows(x, tap, width - 1) for tap in range(width)), axis=1)
    stacked = weight.transpose(2, 1, 0).reshape(-1, weight.shape[0])
    return g.op("Add", g.op("MatMul", shifted, g.const(stacked)), g.const(bias))


def depthwise(g: Graph, x: str, weight: np.ndarray, bias: np.ndarray, dilation: int) -> str:
    """Convolution of each channel by itself, same length; `weight` is [C, 1, width]."""
    width = weight.shape[2]
    spare = (width - 1) * dilation
    x = g.pad_rows(x, spare // 2, spare - spare // 2)
    total = g.const(bias)
    for tap in range(width):
        total = g.op("Add", g.op("Mul", g.rows(x, tap * dilation, spare), g.const(weight[:, 0, tap])), total)
    return total


def layer_norm(g: Graph, x: str, gamma: np.ndarray, beta: np.ndarray) -> str:
    centred = g.op("Sub", x, g.op("ReduceMean", x, axes=[-1], keepdims=1))
    variance = g.op("ReduceMean", g.op("Mul", centred, centred), axes=[-1], keepdims=1)
    deviation = g.op("Sqrt", g.op("Add", variance, g.const(1e-5)))
    return g.op("Add", g.op("Mul", g.op("Div", centred, deviation), g.const(gamma)), g.const(beta))


def gelu(g: Graph, x: str) -> str:
    """The exact form, as in training."""
    gate = g.op("Add", g.op("Erf", g.op("Mul", x, g.const(math.sqrt(0.5)))), g.const(1.0))
    return g.op("Mul", g.op("Mul", x, gate), g.const(0.5))


# ----------------------------------------------------------------------------------------------------------------------
# The parts


def attention(g: Graph, voice: Voice, prefix: str, x: str, key_index: str, value_index: str) -> str:
    """Self-attention with learned relative positions within a window (Shaw et al. 2018, arXiv:1803.02155)."""
    rel_k, rel_v = voice[prefix + "emb_rel_k"][0], voice[prefix + "emb_rel_v"][0]
    positions, width = rel_k.shape
    wq, bq = voice.conv(prefix + "conv_q")
    wk, bk = voice.conv(prefix + "conv_k")
    wv, bv = voice.conv(prefix + "conv_v")
    channels = wq.shape[0]
    heads = channels // width
    scale = 1 / math.sqrt(width)  # folded into the query
    joined = linear(g, x, np.concatenate([wq * scale, wk, wv]), np.concatenate([bq * scale, bk, bv]))

    def split_heads(index: int, order: list[int]) -> str:
        part = g.slice(joined, 1, index * channels, (index + 1) * channels)
        return g.op("Transpose", g.op("Reshape", part, g.const([-1, heads, width], np.int64)), perm=order)

    query, key, value = split_heads(0, [1, 0, 2]), split_heads(1, [1, 2, 0]), split_heads(2, [1, 0, 2])
    # One column of zeros on each side stands for "outside the window"; the index table points there.
    near = g.op("Pad", g.op("MatMul", query, g.const(rel_k.T[None])), g.const([0, 0, 1, 0, 0, 1], np.int64))
    scores = g.op("Add", g.op("MatMul", query, key), g.op("GatherElements", near, key_index, axis=2))
    weights = g.op("Softmax", scores, axis=2)
    reach = positions // 2
    padded = g.op("Pad", weights, g.const([0, 0, reach, 0, 0, reach], np.int64))
    band = g.op("GatherElements", padded, value_index, axis=2)
    mixed = g.op("Add", g.op("MatMul", weights, value), g.op("MatMul", band, g.const(rel_v[None])))
    merged = g.op("Reshape", g.op("Transpose", mixed, perm=[1, 0, 2]), g.const([-1, channels], np.int64))
    return linear(g, merged, *voice.conv(prefix + "conv_o"))


def separable_stack(g: Graph, voice: Voice, prefix: str, x: str) -> str:
    """Three dilated depth-separable residual blocks (DDSConv in the VITS sources)."""
    for layer in range(3):
        name = f"{prefix}convs_sep.{layer}"
        weight, bias = voice.conv(name)
        y = depthwise(g, x, weight, bias, voice.attribute(name + ".weight", "dilations"))
        y = gelu(g, layer_norm(g, y, voice[f"{prefix}norms_1.{layer}.gamma"], voice[f"{prefix}norms_1.{layer}.beta"]))
        y = linear(g, y, *voice.conv(f"{prefix}convs_1x1.{layer}"))
        y = gelu(g, layer_norm(g, y, voice[f"{prefix}norms_2.{layer}.gamma"], voice[f"{prefix}norms_2.{layer}.beta"]))
        x = g.op("Add", x, y)
    return x


def text_part(voice: Voice) -> Graph:
    g = Graph("text")
    rel_k = voice["enc_p.encoder.attn_layers.0.emb_rel_k"]
    channels = voice["enc_p.proj.weight"].shape[1]
    heads = channels // rel_k.shape[2]
    ids = g.input("ids", ["P"], TensorProto.INT64)
    key_index = g.input("key_index", [heads, "P", "P"], TensorProto.INT64)
    value_index = g.input("value_index", [heads, "P", rel_k.shape[1]], TensorProto.INT64)
    x = g.op("Gather", g.const(embedding(voice) * math.sqrt(channels)), ids, axis=0)
    layers = sum(name.endswith(".emb_rel_k") for name in voice.weights)
    for layer in range(layers):
        prefix = "enc_p.encoder."
        y = attention(g, voice, f"{prefix}attn_layers.{layer}.", x, key_index, value_index)
        x = layer_norm(g, g.op("Add", x, y), voice[f"{prefix}norm_layers_1.{layer}.gamma"], voice[f"{prefix}norm_layers_1.{layer}.beta"])
        y = x
        for step in (1, 2):
            weight, bias = voice.conv(f"{prefix}ffn_layers.{layer}.conv_{step}")
            side = weight.shape[2] // 2
            y = convolution(g, g.pad_rows(y, side, side), weight, bias)
            y = g.op("Relu", y) if step == 1 else y
        x = layer_norm(g, g.op("Add", x, y), voice[f"{prefix}norm_layers_2.{layer}.gamma"], voice[f"{prefix}norm_layers_2.{layer}.beta"])
    g.output(linear(g, x, *voice.conv("enc_p.proj")), "stats", ["P", 2 * channels])
    cond = separable_stack(g, voice, "dp.convs.", linear(g, x, *voice.conv("dp.pre")))
    g.output(linear(g, cond, *voice.conv("dp.proj")), "cond", ["P", channels])
    return g


def embedding(voice: Voice) -> np.ndarray:
    """The phoneme embedding. Its exported name varies, its shape [symbols, channels] is unique."""
    channels = voice["enc_p.proj.weight"].shape[1]
    found = [w for w in voice.weights.values() if w.ndim == 2 and w.shape[1] == channels and w.dtype == np.float32]
    expect(len(found) == 1, f"expected one phoneme embedding, found {len(found)}")
    return found[0]


def duration_part(voice: Voice, order: int, flow: int) -> Graph:
    """One coupling layer of the duration model, up to the parameters of its spline."""
    g = Graph(f"duration_{order}")
    prefix = f"dp.flows.{flow}."
    weight, bias = voice.conv(prefix + "pre")
    channels = weight.shape[0]
    x, cond = g.input("x", ["P", 1]), g.input("cond", ["P", channels])
    hidden = g.op("Add", g.op("Add", g.op("Mul", x, g.const(weight[:, 0, 0])), g.const(bias)), cond)
    hidden = separable_stack(g, voice, prefix + "convs.", hidden)
    weight, bias = (p.copy() for p in voice.conv(prefix + "proj"))
    expect(weight.shape[0] == 3 * SPLINE_BINS - 1, f"{prefix}proj has {weight.shape[0]} outputs, expected {3 * SPLINE_BINS - 1}")
    # Widths and heights are divided by sqrt(channels) before their softmax; derivatives are not.
    scale = np.ones(weight.shape[0], np.float32)
    scale[: 2 * SPLINE_BINS] /= math.sqrt(channels)
    g.output(linear(g, hidden, weight * scale[:, None, None], bias * scale), "spline", ["P", 3 * SPLINE_BINS - 1])
    return g


def flow_part(voice: Voice, order: int) -> Graph:
    """The coupling layer that runs as number `order` (1 based) on the way from the prior to the decoder.

    The layers run in the reverse of their training order, each after a reversal of the channels. Reversals are folded:
    layers 1 and 3 see the channels reversed, 2 and 4 do not, and the fourth reversal restores the order.
    """
    flow = 2 * (COUPLING_LAYERS - order)
    prefix = f"flow.flows.{flow}."
    pre_w, pre_b = voice.conv(prefix + "pre")
    post_w, post_b = voice.conv(prefix + "post")
    half = pre_w.shape[1]
    expect(post_w.shape[0] == half, f"{prefix}post predicts a scale as well, which this converter does not know")
    hidden_size = pre_w.shape[0]
    reversed_channels = order % 2 == 1
    if reversed_channels:
        pre_w, post_w, post_b = pre_w[:, ::-1], post_w[::-1], post_b[::-1]
    g = Graph(f"flow_{order}")
    x = g.input("x", [1, 2 * half, f"T+{2 * FLOW_CONTEXT}"])
    mask = g.input("mask", [1, 1, f"T+{2 * FLOW_CONTEXT}"])
    lower, upper = g.slice(x, 1, 0, half), g.slice(x, 1, half, 2 * half)
    source, target = (upper, lower) if reversed_channels else (lower, upper)

    hidden = g.op("Mul", valid_conv(g, source, pre_w, pre_b), mask)
    context, skipped = FLOW_CONTEXT, None
    layers = sum(name.startswith(prefix + "enc.in_layers.") and name.endswith(".bias") for name in voice.weights)
    for layer in range(layers):
        weight, bias = voice.conv(f"{prefix}enc.in_layers.{layer}")
        side = weight.shape[2] // 2
        context -= side
        gates = valid_conv(g, hidden, weight, bias)
        opened = g.op(
            "Mul",
            g.op("Tanh", g.slice(gates, 1, 0, hidden_size)),
            g.op("Sigmoid", g.slice(gates, 1, hidden_size, 2 * hidden_size)),
        )
        both = valid_conv(g, opened, *voice.conv(f"{prefix}enc.res_skip_layers.{layer}"))
        skip = both
        if layer + 1 < layers:
            residual = g.op("Add", g.inner(hidden, side), g.slice(both, 1, 0, hidden_size))
            hidden = g.op("Mul", residual, g.inner(mask, FLOW_CONTEXT - context))
            skip = g.slice(both, 1, hidden_size, 2 * hidden_size)
        # Only the frames that survive all layers matter to the sum.
        skip = g.inner(skip, context)
        skipped = skip if skipped is None else g.op("Add", skipped, skip)
    expect(context == 0, f"{prefix}enc needs {FLOW_CONTEXT - context} frames of context, expected {FLOW_CONTEXT}")

    exists = g.inner(mask, FLOW_CONTEXT)
    moved = g.op("Mul", g.op("Sub", g.inner(target, FLOW_CONTEXT), valid_conv(g, skipped, post_w, post_b)), exists)
    kept = g.op("Mul", g.inner(source, FLOW_CONTEXT), exists)
    pair = (moved, kept) if reversed_channels else (kept, moved)
    g.output(g.op("Concat", *pair, axis=1), "y", [1, 2 * half, "T"])
    return g


def valid_conv(g: Graph, x: str, weight: np.ndarray, bias: np.ndarray) -> str:
    """[1, in, T] -> [1, out, T - width + 1]. tract runs this form at full speed when T is fixed."""
    return g.op("Conv", x, g.const(weight), g.const(bias), kernel_shape=[weight.shape[2]])


class DecoderWriter:
    """The HiFi-GAN decoder (Kong et al. 2020, arXiv:2010.05646), channel-major with batch 1, zero padded at its ends."""

    def __init__(self, voice: Voice):
        self.voice = voice
        self.groups = sum(name.startswith("dec.ups.") and name.endswith(".weight") for name in voice.weights)
        blocks = sum(name.startswith("dec.resblocks.") and name.endswith("convs.0.weight") for name in voice.weights)
        self.blocks_per_group = blocks // self.groups

    def conv(self, g: Graph, x: str, weight: np.ndarray, bias: np.ndarray | None, dilation: int = 1) -> str:
        side = (weight.shape[2] - 1) * dilation // 2
        parameters = [g.const(weight)] + ([g.const(bias)] if bias is not None else [])
        return g.op("Conv", x, *parameters, kernel_shape=[weight.shape[2]], dilations=[dilation], pads=[side, side])

    def group(self, g: Graph, x: str, index: int) -> str:
        """One upsampling step and the SUM (not the mean) of its residual blocks."""
        voice = self.voice
        weight, bias = voice.conv(f"dec.ups.{index}")
        stride = voice.attribute(f"dec.ups.{index}.weight", "strides")
        side = (weight.shape[2] - stride) // 2
        folded = weight if index == 0 else weight / self.blocks_per_group
        x = g.op("LeakyRelu", x, alpha=0.1)
        x = g.op("ConvTranspose", x, g.const(folded), g.const(bias), kernel_shape=[weight.shape[2]], strides=[stride], pads=[side, side])
        first, total = g.op("LeakyRelu", x, alpha=0.1), None
        for block in range(index * self.blocks_per_group, (index + 1) * self.blocks_per_group):
            y = x
            steps = sum(name.startswith(f"dec.resblocks.{block}.convs.") and name.endswith(".weight") for name in voice.weights)
            for step in range(steps):
                name = f"dec.resblocks.{block}.convs.{step}"
                excited = first if step == 0 else g.op("LeakyRelu", y, alpha=0.1)
                weight, bias = voice.conv(name)
                y = g.op("Add", self.conv(g, excited, weight, bias, voice.attribute(name + ".weight", "dilations")), y)
            total = y if total is None else g.op("Add", total, y)
        return total

    def low(self) -> Graph:
        g = Graph("decoder_low")
        weight, bias = self.voice.conv("dec.conv_pre")
        z = g.input("z", [1, weight.shape[1], "T"])
        h = self.group(g, self.conv(g, z, weight, bias), 0)
        g.output(h, "h", [1, self.voice["dec.ups.0.weight"].shape[1], f"{self.stride(0)}T"])
        return g

    def high(self) -> Graph:
        g = Graph("decoder_high")
        x = g.input("h", [1, self.voice["dec.ups.0.weight"].shape[1], "L"])
        for index in range(1, self.groups):
            x = self.group(g, x, index)
        # The last activation has the default slope of its framework, 0.01, unlike all others.
        weight = self.voice["dec.conv_post.weight"] / self.blocks_per_group
        audio = g.op("Tanh", self.conv(g, g.op("LeakyRelu", x, alpha=0.01), weight, None))
        factor = math.prod(self.stride(index) for index in range(1, self.groups))
        g.output(audio, "audio", [1, 1, f"{factor}L"])
        return g

    def stride(self, index: int) -> int:
        return self.voice.attribute(f"dec.ups.{index}.weight", "strides")


def duration_constants(voice: Voice) -> tuple[float, float]:
    """Shift and factor of the last, elementwise step of the duration model, for the channel that becomes log w."""
    shift = float(voice["dp.flows.0.m"][0, 0])
    factor = [w for name, w in voice.weights.items() if "dp/flows.0/Exp" in name and w.size == 2]
    if not factor:
        factor = [np.exp(-voice["dp.flows.0.logs"])]
    return shift, float(factor[0].reshape(-1)[0])


def voice_description(voice: Voice, config: dict, name: str) -> dict:
    shift, factor = duration_constants(voice)
    decoder = DecoderWriter(voice)
    channels = voice["enc_p.proj.weight"].shape[1]
    rel_k = voice["enc_p.encoder.attn_layers.0.emb_rel_k"]
    inference = config["inference"]
    return {
        "format": 1,
        "name": name,
        "dataset": config.get("dataset", name),
        "language": config["language"]["code"].replace("_", "-"),
        "sample_rate_hz": config["audio"]["sample_rate"],
        "channels": channels,
        "heads": channels // rel_k.shape[2],
        "attention_reach": rel_k.shape[1] // 2,
        "low_channels": decoder.voice["dec.ups.0.weight"].shape[1],
        "low_per_frame": decoder.stride(0),
        "samples_per_frame": math.prod(decoder.stride(i) for i in range(decoder.groups)),
        "noise_scale": inference["noise_scale"],
        "length_scale": inference["length_scale"],
        "noise_w": inference["noise_w"],
        "duration_shift": shift,
        "duration_factor": factor,
        "phoneme_ids": {symbol: ids[0] for symbol, ids in config["phoneme_id_map"].items()},
    }


def parts(voice: Voice) -> list[Graph]:
    decoder = DecoderWriter(voice)
    # The duration model also runs backwards; its first coupling layer (1) is unused in synthesis.
    durations = [duration_part(voice, order, flow) for order, flow in ((1, 7), (2, 5), (3, 3))]
    flows = [flow_part(voice, order) for order in range(1, COUPLING_LAYERS + 1)]
    return [text_part(voice), *durations, *flows, decoder.low(), decoder.high()]


def check_kind(voice: Voice, config: dict) -> None:
    expect(config.get("num_speakers", 1) == 1, "voices with several speakers are not supported")
    expect(config.get("phoneme_type", "espeak") == "espeak", f"phonemes of type {config.get('phoneme_type')} are not supported")
    expect(f"flow.flows.{2 * COUPLING_LAYERS - 2}.pre.weight" in voice.weights, f"expected {COUPLING_LAYERS} coupling layers")
    expect("dp.flows.7.proj.weight" in voice.weights, "expected the stochastic duration predictor")
    multiple = [s for s, ids in config["phoneme_id_map"].items() if len(ids) != 1]
    expect(not multiple, f"symbols with several ids: {multiple}")


def convert(source: Path, out: Path, verify: bool) -> None:
    models = sorted(source.glob("*.onnx"))
    expect(len(models) == 1, f"{source} holds {len(models)} .onnx files, expected one")
    path = models[0]
    config = json.loads(path.with_name(path.name + ".json").read_text(encoding="utf-8"))
    voice = Voice.load(path)
    check_kind(voice, config)
    out.mkdir(parents=True, exist_ok=True)
    for graph in parts(voice):
        graph.save(out)
        print(f"{graph.name}.onnx: {len(graph.nodes)} nodes")
    description = voice_description(voice, config, path.stem)
    (out / "voice.json").write_text(json.dumps(description, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    letters = source / g2p.CHECKPOINT
    if letters.exists():
        g2p.convert(letters, out / "letters.bin")
        print("letters.bin: letter-to-sound weights")
    else:
        print(f"no {g2p.CHECKPOINT} in {source}: unknown words will be spelled", file=sys.stderr)
    if verify:
        import piper_reference

        print(piper_reference.verify(path, out))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source", type=Path, help="folder with the voice")
    parser.add_argument("out", type=Path, help="folder to write, made when missing")
    parser.add_argument("--no-verify", action="store_true", help="do not compare with the original (needs onnxruntime)")
    arguments = parser.parse_args()
    try:
        convert(arguments.source, arguments.out, not arguments.no_verify)
    except (ConversionError, OSError, KeyError) as problem:
        print(f"piper.py: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
