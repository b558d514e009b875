"""Pretrained networks as layer-by-layer feature extractors."""
