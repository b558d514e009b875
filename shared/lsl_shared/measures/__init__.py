"""What is measured: stain, embryo masks, metrics of classes and terms, conformal sets."""
