"""Small files of microscopes' formats by the libraries that people write them with, each of the same photograph."""
