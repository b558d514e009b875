"""From a network to ONNX graphs: traced gradients, their decompositions, export, proof, smaller variants."""
