"""F from elsewhere: pretrained backbones, which of their layers serve, and the hand-made features before them."""
