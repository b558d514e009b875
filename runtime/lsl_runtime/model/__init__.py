"""A model bundle at work: sessions, devices, predictions, saliency."""
