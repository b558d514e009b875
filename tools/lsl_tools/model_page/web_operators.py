"""The operators of ONNX that ONNX Runtime Web runs on a processor.

Found by trying: a session for each operator of opset 20 in version 1.30.0 under Node.js, on the graphs of one node that
the ONNX library carries for its own tests. `ImageDecoder` alone was refused. Operators of other domains are left out.
"""

from __future__ import annotations

from typing import Final

__all__ = ["LATEST_OPSET", "WEB_OPERATORS"]

LATEST_OPSET: Final = 26
"""Later ones it takes for unfinished, and refuses."""
_NAMES: Final = (
    "Abs Acos Acosh Add AffineGrid And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization "
    "Bernoulli BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor BlackmanWindow Cast CastLike Ceil Celu "
    "CenterCropPad Clip Col2Im Compress Concat Constant ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh "
    "CumSum DFT DeformConv DepthToSpace DequantizeLinear Det Div Dropout DynamicQuantizeLinear Einsum Elu Equal "
    "Erf Exp Expand EyeLike Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool "
    "GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization HammingWindow HannWindow HardSigmoid "
    "HardSwish Hardmax Identity If InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less "
    "LessOrEqual Log LogSoftmax Loop LpNormalization LpPool MatMul MatMulInteger Max MaxPool MaxUnpool Mean "
    "MeanVarianceNormalization MelWeightMatrix Min Mish Mod Mul Neg NegativeLogLikelihoodLoss NonMaxSuppression "
    "NonZero Not OneHot OptionalGetElement OptionalHasElement Or PRelu Pad Pow QLinearConv QLinearMatMul "
    "QuantizeLinear RNN Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean "
    "ReduceMin ReduceProd ReduceSum ReduceSumSquare RegexFullMatch Relu Reshape Resize ReverseSequence RoiAlign "
    "Round STFT Scan ScatterElements ScatterND Selu SequenceInsert SequenceMap Shape Shrink Sigmoid Sign Sin Sinh "
    "Size Slice Softmax SoftmaxCrossEntropyLoss Softplus Softsign SpaceToDepth Split SplitToSequence Sqrt Squeeze "
    "StringConcat StringNormalizer StringSplit Sub Sum Tan Tanh TfIdfVectorizer ThresholdedRelu Tile TopK "
    "Transpose Trilu Unique Unsqueeze Where Xor "
)
WEB_OPERATORS: Final = frozenset(_NAMES.split())
