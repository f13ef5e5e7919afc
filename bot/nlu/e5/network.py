"""The encoder as a graph for onnxruntime: twelve layers of BERT (Devlin et al. 2019), matrices in whole numbers.

The weights come with four bits each. Here they are whole numbers of seven bits with a scale for each output, and so
are, for each text, the numbers that they are multiplied with (eight bits): a twelfth of the time, and with seven bits
no processor's instructions overflow, so that every machine reads a text the same.
"""

from __future__ import annotations

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession, SessionOptions

from bot.nlu.e5.adapter import Adapter
from bot.nlu.e5.weights import Singles, Weights

_OPERATORS = (helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1))
_FORMAT = 9
"""Of the graph's file: what belongs to these operators."""
_LARGEST = 63
"""Of a weight of seven bits, either side of zero."""
_INPUT, _OUTPUT = "tokens", "meaning"


class Network:
    """Reads a text's pieces. One core; several threads may call it at once."""

    def __init__(self, weights: Weights, adapter: Adapter | None = None) -> None:
        """Build the graph (a quarter of a second); without `adapter` of the weights as they come."""
        self._weights = weights
        hidden = weights.sizes.hidden
        kinds = weights.vector("emb.type").reshape(-1, hidden)
        self._places = weights.vector("emb.pos").reshape(-1, hidden) + kinds[0]
        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        onnxruntime.set_default_logger_severity(3)
        self._session = InferenceSession(_Graph(weights, adapter).bytes(), options, providers=["CPUExecutionProvider"])

    def __call__(self, pieces: list[int]) -> Singles:
        """The meaning: the mean over the pieces, of length 1, shape (hidden,)."""
        tokens = self._weights.words(pieces) + self._places[: len(pieces)]
        (meaning,) = self._session.run([_OUTPUT], {_INPUT: tokens})
        return np.asarray(meaning / np.linalg.norm(meaning))


class _Graph:
    """Collects the nodes. A method adds some and gives the name of what they put out."""

    def __init__(self, weights: Weights, adapter: Adapter | None) -> None:
        self._weights, self._sizes, self._adapter = weights, weights.sizes, adapter
        self._nodes: list[object] = []
        self._constants: list[object] = []
        tokens = self._normed(_INPUT, "emb.ln")
        for number in range(self._sizes.layers):
            tokens = self._layer(tokens, f"l{number}")
        self._node("ReduceMean", [tokens], _OUTPUT, axes=[0], keepdims=0)

    def bytes(self) -> bytes:
        """The graph as onnxruntime reads it; input (pieces, hidden), output (hidden,)."""
        hidden = self._sizes.hidden
        graph = helper.make_graph(
            self._nodes,
            "multilingual-e5-small",
            [helper.make_tensor_value_info(_INPUT, TensorProto.FLOAT, ["pieces", hidden])],
            [helper.make_tensor_value_info(_OUTPUT, TensorProto.FLOAT, [hidden])],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=_OPERATORS, ir_version=_FORMAT)
        return bytes(model.SerializeToString())

    def _layer(self, tokens: str, layer: str) -> str:
        hidden = self._sizes.hidden
        attended = self._linear(self._attention(tokens, layer), [f"{layer}.ao"], hidden)
        tokens = self._normed(self._node("Add", [tokens, attended], f"{layer}.attended"), f"{layer}.aln")
        between = self._linear(tokens, [f"{layer}.fi"], hidden)
        between = self._node("Gelu", [between], f"{layer}.gelu", "com.microsoft")
        forward = self._linear(between, [f"{layer}.fo"], self._sizes.feed_forward)
        return self._normed(self._node("Add", [tokens, forward], f"{layer}.forwarded"), f"{layer}.oln")

    def _attention(self, tokens: str, layer: str) -> str:
        """Each head's tokens, weighted by how much each token heeds each other; the heads beside one another."""
        heads, size = self._sizes.heads, self._sizes.hidden // self._sizes.heads
        joined = self._linear(tokens, [f"{layer}.q", f"{layer}.k", f"{layer}.v"], self._sizes.hidden)
        shape = self._constant(f"{layer}.by_head", np.array([-1, 3, heads, size]))
        by_head = self._node("Reshape", [joined, shape], f"{layer}.headed")
        by_head = self._node("Transpose", [by_head], f"{layer}.apart", perm=[1, 2, 0, 3])
        query, key, value = (
            self._node("Gather", [by_head, self._constant(f"{layer}.nr{n}", np.array(n))], f"{layer}.part{n}", axis=0)
            for n in range(3)
        )
        scale = self._constant(f"{layer}.scale", np.float32(size**-0.5))
        query = self._node("Mul", [query, scale], f"{layer}.query")
        key = self._node("Transpose", [key], f"{layer}.key", perm=[0, 2, 1])
        heeds = self._node("MatMul", [query, key], f"{layer}.products")
        heeds = self._node("Softmax", [heeds], f"{layer}.heeds", axis=-1)
        heard = self._node("MatMul", [heeds, value], f"{layer}.heard")
        heard = self._node("Transpose", [heard], f"{layer}.tokens_first", perm=[1, 0, 2])
        flat = self._constant(f"{layer}.flat", np.array([-1, self._sizes.hidden]))
        return self._node("Reshape", [heard, flat], f"{layer}.heads_beside")

    def _linear(self, tokens: str, names: list[str], inputs: int) -> str:
        """Tokens times one or several matrices side by side, in whole numbers, plus what is always added."""
        matrix = np.concatenate([self._matrix(f"{name}.w", inputs) for name in names], axis=1)
        always = np.concatenate([self._weights.vector(f"{name}.b") for name in names])
        scales = np.abs(matrix).max(axis=0) / _LARGEST
        name = "+".join(names)
        constants = [
            self._constant(f"{name}.w", np.rint(matrix / scales).astype(np.int8)),
            self._constant(f"{name}.scales", scales),
            self._constant(f"{name}.zeros", np.zeros(len(scales), dtype=np.int8)),
            self._constant(f"{name}.b", always),
        ]
        return self._node("DynamicQuantizeMatMul", [tokens, *constants], name, "com.microsoft")

    def _matrix(self, name: str, inputs: int) -> Singles:
        matrix = self._weights.matrix(name, inputs)
        return matrix + self._adapter.beside(name) if self._adapter else matrix

    def _normed(self, tokens: str, name: str) -> str:
        parts = [self._constant(f"{name}.{part}", self._weights.vector(f"{name}.{part}")) for part in ("w", "b")]
        return self._node("LayerNormalization", [tokens, *parts], name, axis=-1, epsilon=self._sizes.epsilon)

    def _constant(self, name: str, values: object) -> str:
        self._constants.append(numpy_helper.from_array(np.array(values, order="C"), name))
        return name

    def _node(self, operator: str, inputs: list[str], output: str, domain: str = "", **attributes: object) -> str:
        self._nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **attributes))
        return output
