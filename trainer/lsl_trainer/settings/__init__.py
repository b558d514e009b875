"""The settings of a training, their file, and the command line made from them."""
