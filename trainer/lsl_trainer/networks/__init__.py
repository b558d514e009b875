"""Networks: the residual network, log-Gabor filters, and pretrained trunks."""
